import { decodeSymbols } from '../entropy/decode-symbols.js';
import { encodeSymbols } from '../entropy/encode-symbols.js';
import type { FrequencyTables } from '../entropy/frequency-tables.js';
import type { RangeDecoder } from '../entropy/range-decoder.js';
import { RangeEncoder } from '../entropy/range-encoder.js';
import { UsageError } from '../errors.js';
import type { SymbolPlane } from './latent-codec.js';

/** Codes planes one after another as one stream: raster order, channel innermost. */
export function encodePlanes(planes: readonly SymbolPlane[]): Uint8Array {
  const encoder = new RangeEncoder();
  for (const { symbols, indexes, tables } of planes) encodeSymbols(encoder, symbols, indexes, tables);
  return encoder.finish();
}

/**
 * Decodes the next plane of a stream into its symbols.
 *
 * @throws FormatError `truncated-payload`, `invalid-payload`
 */
export function decodePlane(decoder: RangeDecoder, { symbols, indexes, tables }: SymbolPlane): void {
  decodeSymbols(decoder, symbols, indexes, tables);
}

/**
 * Tables of a factorised plane: each channel has its own.
 *
 * @param length - Symbols of the plane, [rows][columns][channels].
 * @param channels - As many as there are tables.
 * @throws UsageError `channel-mismatch`
 */
export function factorisedIndexes(length: number, channels: number, tables: FrequencyTables): Uint8Array {
  if (channels !== tables.count || length % channels !== 0) {
    throw new UsageError(
      'channel-mismatch',
      `hyper-latent of ${length} elements in ${channels} channels, with ${tables.count} factorised tables`,
    );
  }
  const indexes = new Uint8Array(length);
  for (let i = 0, channel = 0; i < length; i++) {
    indexes[i] = channel;
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
  return indexes;
}

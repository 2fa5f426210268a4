import { UsageError } from '../errors.js';
import { decodeSymbols } from './decode-symbols.js';
import { encodeSymbols } from './encode-symbols.js';
import type { FrequencyTables } from './frequency-tables.js';
import type { RangeDecoder } from './range-decoder.js';
import type { RangeEncoder } from './range-encoder.js';

/**
 * Codes the hyper-latent: raster order, channel innermost, each channel with its own factorised table.
 *
 * @param z - rounded hyper-latent, [rows][columns][channels]
 * @param channels - innermost extent of `z`; `tables` has as many tables
 * @param tables - `entropy.factorised.*`
 */
export function encodeHyperLatents(
  encoder: RangeEncoder,
  z: Int32Array,
  channels: number,
  tables: FrequencyTables,
): void {
  encodeSymbols(encoder, z, hyperLatentIndexes(z.length, channels, tables), tables);
}

/**
 * Decodes the hyper-latent into `out`, [rows][columns][channels].
 *
 * @throws FormatError `truncated-payload`, `invalid-payload`
 */
export function decodeHyperLatents(
  decoder: RangeDecoder,
  out: Int32Array,
  channels: number,
  tables: FrequencyTables,
): void {
  decodeSymbols(decoder, out, hyperLatentIndexes(out.length, channels, tables), tables);
}

/**
 * Codes the latent symbols (latent minus predicted mean, rounded) in raster order, channel innermost.
 *
 * @param symbols - [rows][columns][channels]
 * @param indexes - table of each symbol, from `tableIndexes`
 * @param tables - `entropy.gaussian.*`
 */
export function encodeLatents(
  encoder: RangeEncoder,
  symbols: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
): void {
  encodeSymbols(encoder, symbols, indexes, tables);
}

/**
 * Decodes the latent symbols into `out`.
 *
 * @throws FormatError `truncated-payload`, `invalid-payload`
 */
export function decodeLatents(
  decoder: RangeDecoder,
  out: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
): void {
  decodeSymbols(decoder, out, indexes, tables);
}

/**
 * Table index of each element of a hyper-latent: its channel.
 *
 * @throws UsageError `channel-mismatch`
 */
export function hyperLatentIndexes(length: number, channels: number, tables: FrequencyTables): Uint8Array {
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

import type { TilePayload } from '../container/dicm-file.js';
import { integerCheck } from '../container/integer-check.js';
import { decodeHyperLatents, decodeLatents } from '../entropy/latent-streams.js';
import { RangeDecoder } from '../entropy/range-decoder.js';
import { FormatError } from '../errors.js';
import type { Tile } from '../geometry.js';
import type { Gains } from '../hyperprior/gains.js';
import { dequantiseLatents, tableIndexes } from '../hyperprior/quantiser.js';
import type { EntropyModel } from './entropy-model.js';

/** The integers of a tile and what was predicted for them. */
export interface DecodedTile {
  /** z^, [rows][columns][channels]. */
  readonly z: Int32Array;
  /** Latent symbols, [rows][columns][channels]. */
  readonly symbols: Int32Array;
  /** Entropy table of each symbol. */
  readonly indexes: Uint8Array;
  /** Predicted means at gain 1, as `symbols`. */
  readonly mean: Float32Array;
}

/**
 * Entropy-decodes a tile and compares its integers with their check. The result is the same on every machine.
 *
 * @param index - Number of the tile, for messages.
 * @throws FormatError `truncated-payload`, `trailing-payload`, `invalid-payload`, `non-canonical-payload`,
 *   `integer-mismatch`.
 */
export function decodeTile(
  model: EntropyModel,
  payload: TilePayload,
  tile: Tile,
  gains: Gains,
  index: number,
): DecodedTile {
  const section = `tile ${index}`;
  const decoder = new RangeDecoder(payload.bytes, section);
  const z = new Int32Array(tile.hyperHeight * tile.hyperWidth * model.hyperChannels);
  decodeHyperLatents(decoder, z, model.hyperChannels, model.hyperTables);
  const { mean, scale } = model.hyperSynthesis.run(z, tile);
  const indexes = tableIndexes(scale, gains.indexOffset);
  const symbols = new Int32Array(indexes.length);
  decodeLatents(decoder, symbols, indexes, model.latentTables);
  decoder.finish();
  if (integerCheck(z, symbols) !== payload.check) {
    throw new FormatError(
      'integer-mismatch',
      'The decoded integers differ from those that were encoded: the payload is damaged',
      { section },
    );
  }
  return { z, symbols, indexes, mean };
}

/** y^ of a decoded tile, [rows][columns][channels]: what the synthesis g_s reads. */
export function latentsOfTile(decoded: DecodedTile, gains: Gains): Float32Array {
  return dequantiseLatents(decoded.symbols, decoded.mean, gains.gain, gains.inverseGain);
}

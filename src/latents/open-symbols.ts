import type { TilePayload } from '../container/dicm-file.js';
import type { FrequencyTables } from '../entropy/frequency-tables.js';
import { symbolPrice } from '../entropy/symbol-cost.js';
import { gainsAt } from '../hyperprior/gains.js';
import { tableIndexes } from '../hyperprior/quantiser.js';
import type { TensorMap } from '../tensor.js';
import type { OpenSymbols } from './latent-codec.js';

/** What h_s predicts of a tile, beside what it is of; each [rows][columns][channels]. */
export interface PredictedLatents {
  readonly y: Float32Array;
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/**
 * The symbols of a predicted tile at a quality position.
 *
 * @param tables - Of the latent symbols.
 * @param encode - Codes the tile with other latents in the place of y.
 */
export function openSymbolsAt(
  tensors: TensorMap,
  tables: FrequencyTables,
  { y, mean, scale }: PredictedLatents,
  position: number,
  encode: (latents: Float32Array) => TilePayload,
): OpenSymbols {
  const { gain, inverseGain, indexOffset } = gainsAt(tensors, position);
  const indexes = tableIndexes(scale, indexOffset);
  const priceOf = symbolPrice(tables);
  const channels = gain.length;
  return {
    values: y.map((value, i) => (value - mean[i]!) * gain[i % channels]!),
    channels,
    stepSize: inverseGain,
    price: (symbol, i) => priceOf(symbol, indexes[i]!),
    latentsOf: (symbols) =>
      mean.map((value, i) => (symbols[i]! + value * gain[i % channels]!) * inverseGain[i % channels]!),
    // Latents in the middle of what rounds to a symbol are that symbol, whatever the last bits of this arithmetic.
    encode: (symbols) => encode(mean.map((value, i) => value + symbols[i]! / gain[i % channels]!)),
  };
}

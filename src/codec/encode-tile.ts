import type { TilePayload } from '../container/dicm-file.js';
import { integerCheck } from '../container/integer-check.js';
import { encodeHyperLatents, encodeLatents } from '../entropy/latent-streams.js';
import { RangeEncoder } from '../entropy/range-encoder.js';
import { BackendError } from '../errors.js';
import type { Tile } from '../geometry.js';
import type { Gains } from '../hyperprior/gains.js';
import { quantiseLatents, tableIndexes } from '../hyperprior/quantiser.js';
import type { FeatureMap } from '../nn/backend.js';
import type { EntropyModel } from './entropy-model.js';

/** Hyper-latents stay within the range that h_s reads exactly ([DICM-S-03]). */
const HYPER_LATENT_BOUND = 32767;

/** What a tile is coded from: nothing in it depends on the quality. */
export interface TileAnalysis {
  /** Latent before quantisation, [rows][columns][channels]. */
  readonly y: Float32Array;
  /** Rounded hyper-latent z^, [rows][columns][channels]. */
  readonly z: Int32Array;
  /** Predicted means and scales, as `y`. */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/**
 * Turns the outputs of the encoder network into what a tile is coded from: rounds z and predicts means and
 * scales from it exactly as every decoder will.
 *
 * @throws BackendError `bad-latent` when the network gave something that is no latent of this tile.
 */
export function analyseTile(model: EntropyModel, tile: Tile, y: FeatureMap, z: FeatureMap): TileAnalysis {
  checkExtents('latent', y, tile.latentHeight, tile.latentWidth, model.latentChannels);
  checkExtents('hyper-latent', z, tile.hyperHeight, tile.hyperWidth, model.hyperChannels);
  const rounded = roundHyperLatents(z.data);
  return { y: y.data, z: rounded, ...model.hyperSynthesis.run(rounded, tile) };
}

/** Codes a tile: first all hyper-latents, then all latents, in one stream (format-spec/v1/dicm-v1.md, section 6). */
export function encodeTile(model: EntropyModel, analysis: TileAnalysis, gains: Gains): TilePayload {
  const symbols = quantiseLatents(analysis.y, analysis.mean, gains.gain);
  const indexes = tableIndexes(analysis.scale, gains.indexOffset);
  const encoder = new RangeEncoder();
  encodeHyperLatents(encoder, analysis.z, model.hyperChannels, model.hyperTables);
  encodeLatents(encoder, symbols, indexes, model.latentTables);
  return { bytes: encoder.finish(), check: integerCheck(analysis.z, symbols) };
}

function roundHyperLatents(z: Float32Array): Int32Array {
  const rounded = new Int32Array(z.length);
  for (let i = 0; i < z.length; i++) {
    const value = z[i]!;
    if (Number.isNaN(value)) throw new BackendError('bad-latent', 'the encoder network gave no numbers');
    rounded[i] = Math.round(Math.min(Math.max(value, -HYPER_LATENT_BOUND), HYPER_LATENT_BOUND));
  }
  return rounded;
}

function checkExtents(what: string, map: FeatureMap, height: number, width: number, channels: number): void {
  if (map.height === height && map.width === width && map.channels === channels) return;
  throw new BackendError(
    'bad-latent',
    `the encoder network gave a ${what} of ${map.height} x ${map.width} x ${map.channels} where the tile has ` +
      `${height} x ${width} x ${channels}`,
  );
}

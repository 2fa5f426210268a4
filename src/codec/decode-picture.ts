import type { DicmFile } from '../container/dicm-file.js';
import { BackendError } from '../errors.js';
import { FEATURES_PER_LATENT, featureExtent, TILE_EDGE, type Tile, tileGrid } from '../geometry.js';
import type { Gains } from '../hyperprior/gains.js';
import type { FeatureMap } from '../nn/backend.js';
import { tensorNamed } from '../nn/layer.js';
import type { TensorMap } from '../tensor.js';
import { type DecodedTile, decodeTile, latentsOfTile } from './decode-tile.js';
import type { CallOptions } from './encode-picture.js';
import type { EntropyModel } from './entropy-model.js';
import type { Networks } from './networks.js';
import { overlap } from './overlap.js';

/** What a file is decoded with. */
export interface DecodingModel {
  readonly entropy: EntropyModel;
  readonly networks: Networks;
}

/** A tile on its way through a network. */
interface TileOutput {
  tile: Tile;
  index: number;
  outputs: FeatureMap[];
}

/**
 * Entropy-decodes all tiles and checks their integers; runs no network.
 *
 * @returns Tiles in raster order.
 * @throws FormatError when a payload is damaged.
 */
export async function* decodeTiles(
  entropy: EntropyModel,
  file: DicmFile,
  { signal, onProgress }: CallOptions = {},
): AsyncGenerator<{ tile: Tile; decoded: DecodedTile; gains: Gains }, void, undefined> {
  const grid = tileGrid(file.header.width, file.header.height);
  const gains = entropy.gainsAt(file.header.qualityPosition);
  for (const [index, payload] of file.tiles.entries()) {
    // Between tiles others get their turn: a signal to arrive, another file to go on.
    if (index > 0) await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const tile = grid.tile(index);
    yield { tile, gains, decoded: decodeTile(entropy, payload, tile, gains, index) };
    onProgress?.(index + 1, file.tiles.length);
  }
}

/** Extents of a picture's features f3: four for each 16 pixels begun; and how many rows {@link featureRows} yields at once. */
export function featureExtents(
  file: DicmFile,
  tensors: TensorMap,
): { height: number; width: number; channels: number; rowsAtOnce: number } {
  const channels = tensorNamed(tensors, 'gs.linear.weight').shape[0]! / FEATURES_PER_LATENT ** 2;
  const height = featureExtent(file.header.height);
  const rowsAtOnce = Math.min(height, featureExtent(TILE_EDGE));
  return { height, width: featureExtent(file.header.width), channels, rowsAtOnce };
}

/**
 * Decodes the features f3, one row of tiles at a time: what is held at once grows with the width of a picture,
 * not with its height.
 *
 * @returns Pieces of [height][width][channels], from top to bottom.
 */
export async function* featureRows(
  model: DecodingModel,
  file: DicmFile,
  options: CallOptions = {},
): AsyncGenerator<Float32Array, void, undefined> {
  const grid = tileGrid(file.header.width, file.header.height);
  const width = featureExtent(file.header.width);
  let rows: Float32Array | undefined;
  for await (const { tile, index, outputs } of runOnTiles(model, file, options)) {
    const features = outputs[0]!;
    checkFeatures(features, tile);
    const { data, height, channels } = features;
    rows ??= new Float32Array(height * width * channels);
    const left = featureExtent(tile.x) * channels;
    const length = features.width * channels;
    for (let row = 0; row < height; row++) {
      rows.set(data.subarray(row * length, (row + 1) * length), row * width * channels + left);
    }
    if (index % grid.columns === grid.columns - 1) {
      yield rows;
      rows = undefined;
    }
  }
}

async function* runOnTiles(
  { entropy, networks }: DecodingModel,
  file: DicmFile,
  { signal, onProgress }: CallOptions,
): AsyncGenerator<TileOutput, void, undefined> {
  const grid = tileGrid(file.header.width, file.header.height);
  const gains = entropy.gainsAt(file.header.qualityPosition);
  const results = overlap(file.tiles.length, async (index) => {
    signal?.throwIfAborted();
    const tile = grid.tile(index);
    const decoded = decodeTile(entropy, file.tiles[index]!, tile, gains, index);
    const input = {
      data: latentsOfTile(decoded, gains),
      height: tile.latentHeight,
      width: tile.latentWidth,
      channels: entropy.latentChannels,
    };
    return { tile, index, outputs: await networks.run('features', input, signal) };
  });
  for await (const result of results) {
    yield result;
    onProgress?.(result.index + 1, file.tiles.length);
  }
}

/**
 * Refuses features that are none. Nothing in the format keeps a file, made for the purpose, from symbols so large
 * that the networks overflow; nobody downstream should have to look for the NaN that comes of it.
 */
function checkFeatures(features: FeatureMap, tile: Tile): void {
  const { data, height, width } = features;
  if (height !== featureExtent(tile.height) || width !== featureExtent(tile.width)) {
    throw new BackendError(
      'bad-features',
      `the synthesis network gave ${height} x ${width} features for a tile of ` +
        `${tile.latentHeight} x ${tile.latentWidth} latents`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new BackendError(
        'bad-features',
        'the synthesis network gave features that are no finite numbers',
      );
    }
  }
}

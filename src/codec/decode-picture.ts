import type { DicmHeader, TilePayload } from '../container/dicm-file.js';
import { BackendError } from '../errors.js';
import {
  FEATURE_STRIDE,
  FEATURES_PER_LATENT,
  featureExtent,
  type PictureArea,
  TILE_EDGE,
  type Tile,
  tileGrid,
} from '../geometry.js';
import type { DecodedTile, LatentCodec } from '../latents/latent-codec.js';
import { machineSynthesis } from '../networks/machine/synthesis.js';
import type { FeatureMap } from '../nn/backend.js';
import { tensorNamed } from '../nn/layer.js';
import type { TensorMap } from '../tensor.js';
import type { WorkOptions } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import { tilesTouched } from './region.js';

/** A layer of a file: what its tiles need to be decoded. */
export interface CodedLayer extends Pick<DicmHeader, 'width' | 'height' | 'qualityPosition'> {
  readonly tiles: readonly TilePayload[];
  /** What to call it in errors, where it is not the first. */
  readonly name?: string;
}

/**
 * Entropy-decodes tiles of a layer and checks their integers; runs no network.
 *
 * @param indexes - Numbers of the tiles, in raster order; all unless given.
 * @throws FormatError when a payload is damaged.
 */
export async function* decodeTiles(
  latents: LatentCodec,
  layer: CodedLayer,
  { signal, onProgress, yieldTurn }: WorkOptions,
  indexes: readonly number[] = [...layer.tiles.keys()],
): AsyncGenerator<{ tile: Tile; decoded: DecodedTile }, void, undefined> {
  const grid = tileGrid(layer.width, layer.height);
  for (const [done, index] of indexes.entries()) {
    if (done > 0) await yieldTurn();
    signal?.throwIfAborted();
    const tile = grid.tile(index);
    yield { tile, decoded: decodeTile(latents, layer, index) };
    onProgress?.(done + 1, indexes.length);
  }
}

/** Entropy-decodes one tile of a layer. */
export function decodeTile(latents: LatentCodec, layer: CodedLayer, index: number): DecodedTile {
  const tile = tileGrid(layer.width, layer.height).tile(index);
  const section = layer.name === undefined ? `tile ${index}` : `${layer.name}, tile ${index}`;
  return latents.decode(layer.tiles[index]!, tile, layer.qualityPosition, section);
}

/**
 * Extents of the features f3 of an area, and how many rows {@link featureRows} yields at once, at most.
 *
 * @param area - In coded pixels, beginning at whole latent positions.
 */
export function featureExtents(
  area: PictureArea,
  tensors: TensorMap,
): { height: number; width: number; channels: number; rowsAtOnce: number } {
  const channels = tensorNamed(tensors, 'gs.linear.weight').shape[0]! / FEATURES_PER_LATENT ** 2;
  const height = featureExtent(area.height);
  const rowsAtOnce = Math.min(height, featureExtent(TILE_EDGE));
  return { height, width: featureExtent(area.width), channels, rowsAtOnce };
}

/**
 * Decodes the features f3 of an area, one row of tiles at a time: what is held at once grows with the width of the area,
 * not with its height, and tiles outside of it are not touched.
 *
 * @param area - In coded pixels, beginning at whole latent positions.
 * @returns Pieces of [height][width][channels], from top to bottom.
 */
export async function* featureRows(
  model: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  work: WorkOptions,
): AsyncGenerator<Float32Array, void, undefined> {
  const width = featureExtent(area.width);
  const lastColumn = Math.floor((area.x + area.width - 1) / TILE_EDGE);
  let rows: Float32Array | undefined;
  for await (const { tile, features } of runOnTiles(model, layer, area, work)) {
    const { data, channels } = features;
    // Where tile and area meet, from the corners of both, in features.
    const [x, y] = [Math.max(0, area.x - tile.x), Math.max(0, area.y - tile.y)].map(featureAt) as Pair;
    const [toX, toY] = [tile.x - area.x, Math.max(tile.y, area.y) - area.y].map(featureAt) as Pair;
    const columns = Math.min(features.width - x, width - Math.max(0, toX));
    const height = Math.min(features.height - y, featureExtent(area.height) - toY);
    rows ??= new Float32Array(height * width * channels);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * features.width + x) * channels;
      const to = (row * width + Math.max(0, toX)) * channels;
      rows.set(data.subarray(from, from + columns * channels), to);
    }
    if (tile.x / TILE_EDGE === lastColumn) {
      yield rows;
      rows = undefined;
    }
  }
}

type Pair = [number, number];

function featureAt(pixels: number): number {
  return pixels / FEATURE_STRIDE;
}

async function* runOnTiles(
  { latents, ...model }: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<{ tile: Tile; features: FeatureMap }, void, undefined> {
  const grid = tileGrid(layer.width, layer.height);
  const indexes = tilesTouched(area, layer);
  const networks = await model.networks();
  const results = overlap(indexes.length, async (step) => {
    signal?.throwIfAborted();
    const index = indexes[step]!;
    const tile = grid.tile(index);
    const latent = {
      data: decodeTile(latents, layer, index).latents(),
      height: tile.latentHeight,
      width: tile.latentWidth,
      channels: latents.latentChannels,
    };
    const { f3 } = await networks.run(machineSynthesis, { latent }, signal);
    checkFeatures(f3, tile);
    return { tile, features: f3 };
  });
  let done = 0;
  for await (const result of results) {
    yield result;
    onProgress?.(++done, indexes.length);
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

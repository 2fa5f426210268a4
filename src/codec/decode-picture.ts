import type { DicmHeader, TilePayload } from '../container/dicm-file.js';
import { BackendError } from '../errors.js';
import { LATENT_STRIDE, type PictureArea, TILE_EDGE, type Tile, tileGrid } from '../geometry.js';
import type { DecodedTile, LatentCodec } from '../latents/latent-codec.js';
import type { FeatureMap } from '../nn/backend.js';
import type { Synthesis } from '../profiles/profile.js';
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
 * Entropy-decodes all tiles of a layer and checks their integers; runs no network.
 *
 * @returns Tiles in raster order.
 * @throws FormatError when a payload is damaged.
 */
export async function* decodeTiles(
  latents: LatentCodec,
  layer: CodedLayer,
  { signal, onProgress, yieldTurn }: WorkOptions,
): AsyncGenerator<{ tile: Tile; decoded: DecodedTile }, void, undefined> {
  const grid = tileGrid(layer.width, layer.height);
  for (let index = 0; index < layer.tiles.length; index++) {
    if (index > 0) await yieldTurn();
    signal?.throwIfAborted();
    yield { tile: grid.tile(index), decoded: decodeTile(latents, layer, index) };
    onProgress?.(index + 1, layer.tiles.length);
  }
}

/** Entropy-decodes one tile of a layer. */
export function decodeTile(latents: LatentCodec, layer: CodedLayer, index: number): DecodedTile {
  const tile = tileGrid(layer.width, layer.height).tile(index);
  const section = layer.name === undefined ? `tile ${index}` : `${layer.name}, tile ${index}`;
  return latents.decode(layer.tiles[index]!, tile, layer.qualityPosition, section);
}

/**
 * Decodes what a layer rebuilds of an area, one row of tiles at a time: what is held at once grows with the width of the
 * area, not with its height, and tiles outside of it are not touched.
 *
 * @param area - In coded pixels, beginning at whole positions of latents and of what is rebuilt.
 * @returns Pieces of [height][width][channels], from top to bottom.
 */
export async function* decodeRows(
  model: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  synthesis: Synthesis,
  work: WorkOptions,
): AsyncGenerator<Float32Array, void, undefined> {
  const { stride, extent } = synthesis;
  const [width, height] = [extent(area.width), extent(area.height)];
  const lastColumn = Math.floor((area.x + area.width - 1) / TILE_EDGE);
  let rows: Float32Array | undefined;
  for await (const { tile, map } of runOnTiles(model, layer, area, synthesis, work)) {
    const { data, channels } = map;
    // Where tile and area meet, from the corners of both, in positions.
    const [x, y] = [Math.max(0, area.x - tile.x) / stride, Math.max(0, area.y - tile.y) / stride];
    const [toX, done] = [Math.max(0, tile.x - area.x) / stride, Math.max(0, tile.y - area.y) / stride];
    const columns = Math.min(map.width - x, width - toX);
    const count = Math.min(map.height - y, height - done);
    rows ??= new Float32Array(count * width * channels);
    for (let row = 0; row < count; row++) {
      const from = ((y + row) * map.width + x) * channels;
      rows.set(data.subarray(from, from + columns * channels), (row * width + toX) * channels);
    }
    if (tile.x / TILE_EDGE === lastColumn) {
      yield rows;
      rows = undefined;
    }
  }
}

/** Extents of what a synthesis rebuilds of an area, and how many rows {@link decodeRows} yields at once, at most. */
export function rebuiltExtents(
  { extent, channels }: Synthesis,
  { model }: Pick<OpenModel, 'model'>,
  area: PictureArea,
): { height: number; width: number; channels: number; rowsAtOnce: number } {
  const [height, width] = [extent(area.height), extent(area.width)];
  return {
    height,
    width,
    channels: channels(model.tensors),
    rowsAtOnce: Math.min(height, extent(TILE_EDGE)),
  };
}

async function* runOnTiles(
  { latents, ...model }: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  { network, output, stride, refusal }: Synthesis,
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<{ tile: Tile; map: FeatureMap }, void, undefined> {
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
    const map = (await networks.run(network, { latent }, signal))[output]!;
    checkOutput(map, tile, stride, refusal);
    return { tile, map };
  });
  let done = 0;
  for await (const result of results) {
    yield result;
    onProgress?.(++done, indexes.length);
  }
}

/**
 * Refuses features, or pixels, that are none. Nothing in the format keeps a file, made for the purpose, from symbols so
 * large that the networks overflow; nobody downstream should have to look for the NaN that comes of it.
 */
function checkOutput(
  { data, height, width }: FeatureMap,
  { latentHeight, latentWidth }: Tile,
  stride: number,
  refusal: Synthesis['refusal'],
): void {
  const extent = (latents: number) => Math.ceil((LATENT_STRIDE * latents) / stride);
  if (height !== extent(latentHeight) || width !== extent(latentWidth)) {
    throw new BackendError(
      refusal,
      `the synthesis network gave ${height} x ${width} values for a tile of ${latentHeight} x ${latentWidth} latents`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new BackendError(refusal, 'the synthesis network gave values that are no finite numbers');
    }
  }
}

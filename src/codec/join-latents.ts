import { HYPER_STRIDE, LATENT_STRIDE, tileGrid } from '../geometry.js';
import type { LatentCodec } from '../latents/latent-codec.js';
import { checkLimit, type Limits } from '../limits.js';
import type { WorkOptions } from './call-hooks.js';
import { type CodedLayer, decodeTiles } from './coded-layer.js';

/** Latents of a whole picture. */
export interface JoinedLatents {
  /** y^ as the synthesis reads it. */
  y: Plane<Float32Array>;
  /** z^. */
  z: Plane<Int32Array>;
}

/** A dense array [height][width][channels]. */
export interface Plane<T> {
  data: T;
  height: number;
  width: number;
  channels: number;
}

/**
 * Entropy-decodes a layer and joins the latents of its tiles.
 *
 * @throws LimitError `maxArrayBytes`; FormatError when a payload is damaged.
 */
export async function joinLatents(
  latents: LatentCodec,
  layer: CodedLayer,
  limits: Limits,
  work: WorkOptions,
): Promise<JoinedLatents> {
  const { width, height } = layer;
  const { latentChannels, hyperChannels } = latents;
  const latentExtents = extents(width, height, 'latentWidth', 'latentHeight');
  const hyperExtents = extents(width, height, 'hyperWidth', 'hyperHeight');
  checkPlane(latentExtents, latentChannels, limits);
  checkPlane(hyperExtents, hyperChannels, limits);
  let y: Plane<Float32Array> | undefined;
  let z: Plane<Int32Array> | undefined;
  for await (const { tile, decoded } of decodeTiles(latents, layer, work)) {
    // Only now: what a header claims costs memory when a first tile has shown that there is something ([DICM-L-02]).
    y ??= openPlane(latentExtents, latentChannels, (length) => new Float32Array(length));
    z ??= openPlane(hyperExtents, hyperChannels, (length) => new Int32Array(length));
    // Only the last tile of a row or column is smaller, so the others start at whole multiples.
    place(y, decoded.latents(), tile.latentWidth, tile.x / LATENT_STRIDE, tile.y / LATENT_STRIDE);
    place(z, decoded.hyper.symbols, tile.hyperWidth, tile.x / HYPER_STRIDE, tile.y / HYPER_STRIDE);
  }
  // A file has at least one tile.
  return { y: y!, z: z! };
}

interface Extents {
  width: number;
  height: number;
}

function checkPlane({ width, height }: Extents, channels: number, limits: Limits): void {
  const sizeBytes = 4 * width * height * channels;
  checkLimit(limits, 'maxArrayBytes', sizeBytes, 'The size of the latents in bytes');
}

function openPlane<T extends Float32Array | Int32Array>(
  { width, height }: Extents,
  channels: number,
  allocate: (length: number) => T,
): Plane<T> {
  return { width, height, channels, data: allocate(width * height * channels) };
}

/** Sum over the tile grid: not the same as rounding the picture's sides up where tiles end inside a block. */
function extents(
  width: number,
  height: number,
  columnsOf: 'latentWidth' | 'hyperWidth',
  rowsOf: 'latentHeight' | 'hyperHeight',
): Extents {
  const grid = tileGrid(width, height);
  const sums = { width: 0, height: 0 };
  for (let column = 0; column < grid.columns; column++) sums.width += grid.tile(column)[columnsOf];
  for (let row = 0; row < grid.rows; row++) sums.height += grid.tile(row * grid.columns)[rowsOf];
  return sums;
}

function place<T extends Float32Array | Int32Array>(
  plane: Plane<T>,
  tile: T,
  tileWidth: number,
  left: number,
  top: number,
): void {
  const length = tileWidth * plane.channels;
  for (let row = 0; row * length < tile.length; row++) {
    const at = ((top + row) * plane.width + left) * plane.channels;
    plane.data.set(tile.subarray(row * length, (row + 1) * length), at);
  }
}

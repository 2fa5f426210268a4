import { type PictureArea, paddedExtent } from '../geometry.js';
import type { Picture } from './picture.js';

/** Pixels of one tile as a network takes them. */
export interface TilePixels {
  /** Red, green, blue in [0, 1]: [height][width][3]. */
  data: Float32Array;
  /** Padded height: a multiple of 16. */
  height: number;
  /** Padded width: a multiple of 16. */
  width: number;
  channels: 3;
}

let unitValues: Float32Array | undefined;

/**
 * Cuts one tile out of a picture as floating-point samples, padded at the right and the bottom by repeating
 * the tile's last column and row up to multiples of 16 pixels.
 */
export function tilePixels(picture: Picture, tile: PictureArea): TilePixels {
  unitValues ??= Float32Array.from({ length: 256 }, (_, value) => value / 255);
  const width = paddedExtent(tile.width);
  const height = paddedExtent(tile.height);
  const data = new Float32Array(height * width * 3);
  const rowLength = width * 3;
  for (let row = 0; row < tile.height; row++) {
    const from = ((tile.y + row) * picture.width + tile.x) * 3;
    const to = row * rowLength;
    const count = tile.width * 3;
    for (let i = 0; i < count; i++) data[to + i] = unitValues[picture.data[from + i]!]!;
    for (let i = count; i < rowLength; i++) data[to + i] = data[to + i - 3]!;
  }
  const last = (tile.height - 1) * rowLength;
  for (let row = tile.height; row < height; row++) data.copyWithin(row * rowLength, last, last + rowLength);
  return { data, height, width, channels: 3 };
}

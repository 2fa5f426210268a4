import type { DicmFile } from '../container/dicm-file.js';
import { LATENT_STRIDE, latentExtent, type PictureArea, TILE_EDGE, tileGrid } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import type { TaskInput } from '../networks/task-network.js';
import type { FeatureMap } from '../nn/backend.js';
import { decodeTile, latentsOfTile } from './decode-tile.js';
import type { EntropyModel } from './entropy-model.js';

/** Where task networks get their inputs from, part by part. */
export interface PictureSource {
  readonly from: TaskInput;
  /** Size of the picture as the networks see it, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Input for an area, which begins at a multiple of 16 pixels. */
  cut(area: PictureArea): FeatureMap;
  /** Says that no area from here on begins in a tile at or before this corner, in raster order. */
  release(x: number, y: number): void;
}

/** Pixels of a picture. */
export function pixelSource(picture: Picture): PictureSource {
  const { width, height } = picture;
  return { from: 'pixels', width, height, cut: (area) => tilePixels(picture, area), release: () => {} };
}

/**
 * Latents y^ of a file, decoded tile by tile when an area first asks for them and held until they are released.
 * An area over several tiles gets their latents side by side.
 */
export function latentSource(entropy: EntropyModel, file: DicmFile): PictureSource {
  const { width, height, qualityPosition } = file.header;
  const grid = tileGrid(width, height);
  const gains = entropy.gainsAt(qualityPosition);
  const channels = entropy.latentChannels;
  const held = new Map<number, Float32Array>();

  const latentsAt = (index: number): Float32Array => {
    let latents = held.get(index);
    if (latents === undefined) {
      const decoded = decodeTile(entropy, file.tiles[index]!, grid.tile(index), gains, index);
      latents = latentsOfTile(decoded, gains);
      held.set(index, latents);
    }
    return latents;
  };
  /** Copies the part of a tile that lies in the area, whose latents begin at (left, top). */
  const place = (into: FeatureMap, left: number, top: number, index: number) => {
    const tile = grid.tile(index);
    const latents = latentsAt(index);
    // Where the common part begins in the tile, and where in the area.
    const [x, y] = [Math.max(0, left - tile.x / LATENT_STRIDE), Math.max(0, top - tile.y / LATENT_STRIDE)];
    const [toX, toY] = [tile.x / LATENT_STRIDE + x - left, tile.y / LATENT_STRIDE + y - top];
    const columns = Math.min(tile.latentWidth - x, into.width - toX);
    const rows = Math.min(tile.latentHeight - y, into.height - toY);
    for (let row = 0; row < rows; row++) {
      const from = ((y + row) * tile.latentWidth + x) * channels;
      const to = ((toY + row) * into.width + toX) * channels;
      into.data.set(latents.subarray(from, from + columns * channels), to);
    }
  };
  return {
    from: 'latents',
    width,
    height,
    cut(area) {
      const [left, top] = [area.x / LATENT_STRIDE, area.y / LATENT_STRIDE];
      const size = { height: latentExtent(area.height), width: latentExtent(area.width) };
      // The first tile decodes before there is memory for the others: a header may claim what is not there.
      const first = Math.floor(area.y / TILE_EDGE) * grid.columns + Math.floor(area.x / TILE_EDGE);
      latentsAt(first);
      const into = { ...size, channels, data: new Float32Array(size.height * size.width * channels) };
      const lastColumn = Math.floor((area.x + area.width - 1) / TILE_EDGE);
      const lastRow = Math.floor((area.y + area.height - 1) / TILE_EDGE);
      for (let row = Math.floor(area.y / TILE_EDGE); row <= lastRow; row++) {
        for (let column = Math.floor(area.x / TILE_EDGE); column <= lastColumn; column++) {
          place(into, left, top, row * grid.columns + column);
        }
      }
      return into;
    },
    release(x, y) {
      for (const index of held.keys()) {
        const tile = grid.tile(index);
        if (tile.y < y || (tile.y === y && tile.x <= x)) held.delete(index);
      }
    },
  };
}

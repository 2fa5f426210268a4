import { LATENT_STRIDE, latentExtent, type PictureArea, tileGrid } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import type { LatentCodec } from '../latents/latent-codec.js';
import type { TaskInput } from '../networks/task-network.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import { type CodedLayer, decodeTile } from './coded-layer.js';
import { tilesTouched } from './region.js';

/** Where task networks get their inputs from, part by part. */
export interface PictureSource {
  readonly from: TaskInput;
  /** What is looked at, in coded pixels of the whole picture. Areas to cut lie in it and count from its corner. */
  readonly region: PictureArea;
  /** Inputs for an area, which begins at a multiple of 16 pixels. */
  cut(area: PictureArea): Named<FeatureMap>;
  /** Says that no area from here on begins in a tile at or before this corner, in raster order. */
  release(x: number, y: number): void;
}

/** Pixels of a picture. */
export function pixelSource(picture: Picture): PictureSource {
  const { width, height } = picture;
  return {
    from: 'pixels',
    region: { x: 0, y: 0, width, height },
    cut: (area) => ({ rgb: tilePixels(picture, area) }),
    release: () => {},
  };
}

/**
 * Latents y^ of a layer, decoded tile by tile when an area first asks for them and held until they are released.
 * An area over several tiles gets their latents side by side.
 *
 * @param region - Beginning at whole latent positions; tiles outside of it are never touched.
 */
export function latentSource(
  codec: LatentCodec,
  layer: CodedLayer,
  region: PictureArea = { x: 0, y: 0, width: layer.width, height: layer.height },
): PictureSource {
  const grid = tileGrid(layer.width, layer.height);
  const channels = codec.latentChannels;
  const held = new Map<number, Float32Array>();

  const latentsAt = (index: number): Float32Array => {
    let latents = held.get(index);
    if (latents === undefined) {
      latents = decodeTile(codec, layer, index).latents();
      held.set(index, latents);
    }
    return latents;
  };
  /** Copies the part of a tile that lies in the area, whose latents begin at (left, top). */
  const place = (into: FeatureMap, left: number, top: number, index: number) => {
    const tile = grid.tile(index);
    const latents = latentsAt(index);
    const [tileLeft, tileTop] = [tile.x / LATENT_STRIDE, tile.y / LATENT_STRIDE];
    // Where the common part begins in the tile, and where in the area.
    const [x, y] = [Math.max(0, left - tileLeft), Math.max(0, top - tileTop)];
    const [toX, toY] = [tileLeft + x - left, tileTop + y - top];
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
    region,
    cut({ x, y, width, height }) {
      const area = { x: region.x + x, y: region.y + y, width, height };
      const tiles = tilesTouched(area, layer);
      // The first tile decodes before there is memory for the others: a header may claim what is not there.
      latentsAt(tiles[0]!);
      const size = { height: latentExtent(height), width: latentExtent(width) };
      const latent = { ...size, channels, data: new Float32Array(size.height * size.width * channels) };
      for (const index of tiles) place(latent, area.x / LATENT_STRIDE, area.y / LATENT_STRIDE, index);
      return { latent };
    },
    release(left, top) {
      const [x, y] = [region.x + left, region.y + top];
      for (const index of held.keys()) {
        const tile = grid.tile(index);
        if (tile.y < y || (tile.y === y && tile.x <= x)) held.delete(index);
      }
    },
  };
}

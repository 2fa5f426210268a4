/** Edge of a full tile, in pixels: a constant of the format (format-spec/v1/dicm-v1.md, section 6). */
export const TILE_EDGE = 512;

/** Pixels per element of the latent grid, on a side. */
const LATENT_STRIDE = 16;

/** Latent elements per element of the hyper-latent grid, on a side. */
const HYPER_STRIDE = 4;

/** Place and grids of one tile. */
export interface Tile {
  /** Left edge in the coded picture, in pixels. */
  x: number;
  /** Top edge in the coded picture, in pixels. */
  y: number;
  /** Width in pixels, 1 to 512, without padding. */
  width: number;
  /** Height in pixels, 1 to 512, without padding. */
  height: number;
  /** Rows of the latent grid. */
  latentHeight: number;
  /** Columns of the latent grid. */
  latentWidth: number;
  /** Rows of the hyper-latent grid. */
  hyperHeight: number;
  /** Columns of the hyper-latent grid. */
  hyperWidth: number;
}

/** How a picture divides into tiles. */
export interface TileGrid {
  columns: number;
  rows: number;
  /** Tile number `index` in raster order. @throws RangeError when there is no such tile */
  tile(index: number): Tile;
}

/**
 * The tile grid of a coded picture; nothing is allocated per tile.
 *
 * @param width - Coded width in pixels.
 * @param height - Coded height in pixels.
 * @throws RangeError unless both are integers from 1 to 2^32 - 1.
 */
export function tileGrid(width: number, height: number): TileGrid {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > 0xffffffff)
      throw new RangeError(`no picture side: ${side}`);
  }
  const columns = Math.ceil(width / TILE_EDGE);
  const rows = Math.ceil(height / TILE_EDGE);
  return {
    columns,
    rows,
    tile(index) {
      if (!Number.isInteger(index) || index < 0 || index >= columns * rows) {
        throw new RangeError(`tile ${index} of ${columns * rows}`);
      }
      const x = (index % columns) * TILE_EDGE;
      const y = Math.floor(index / columns) * TILE_EDGE;
      const tileWidth = Math.min(TILE_EDGE, width - x);
      const tileHeight = Math.min(TILE_EDGE, height - y);
      const latentWidth = Math.ceil(tileWidth / LATENT_STRIDE);
      const latentHeight = Math.ceil(tileHeight / LATENT_STRIDE);
      return {
        x,
        y,
        width: tileWidth,
        height: tileHeight,
        latentHeight,
        latentWidth,
        hyperHeight: Math.ceil(latentHeight / HYPER_STRIDE),
        hyperWidth: Math.ceil(latentWidth / HYPER_STRIDE),
      };
    },
  };
}

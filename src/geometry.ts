/** Edge of a full tile, in pixels: a constant of the format (format-spec/v1/dicm-v1.md, section 6). */
export const TILE_EDGE = 512;

/** Pixels per position of the latent y, on a side; what networks see is padded to multiples of it. */
export const LATENT_STRIDE = 16;

/** Pixels per position of the hyper-latent z, on a side. */
export const HYPER_STRIDE = 64;

/** Latent positions per hyper-latent position, on a side. */
export const LATENTS_PER_HYPER = HYPER_STRIDE / LATENT_STRIDE;

/** Pixels per position of the features f1, f2 and f3, on a side. */
export const FEATURE_STRIDE = 4;

/** Features per latent position, on a side: how much g_a shrinks and g_s enlarges. */
export const FEATURES_PER_LATENT = LATENT_STRIDE / FEATURE_STRIDE;

/** Largest extent of a tile's latent grid. */
export const MAX_LATENT_EXTENT = TILE_EDGE / LATENT_STRIDE;

/** Largest quality position: the header has 11 bits for it. */
export const MAX_QUALITY_POSITION = 2047;

/** A part of a picture, in pixels. */
export interface PictureArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Sizes of a picture as it was coded and of the photograph it was made from, in pixels. */
export interface PictureScale {
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
}

/** Latent positions along a side: one for each 16 pixels begun. */
export function latentExtent(pixels: number): number {
  return Math.ceil(pixels / LATENT_STRIDE);
}

/** Positions of f3 along a side: four for each 16 pixels begun. */
export function featureExtent(pixels: number): number {
  return FEATURES_PER_LATENT * latentExtent(pixels);
}

/** Sides of what a network sees: whole latent positions, in pixels. */
export function paddedExtent(pixels: number): number {
  return LATENT_STRIDE * latentExtent(pixels);
}

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
      const latentWidth = latentExtent(tileWidth);
      const latentHeight = latentExtent(tileHeight);
      return {
        x,
        y,
        width: tileWidth,
        height: tileHeight,
        latentHeight,
        latentWidth,
        hyperHeight: Math.ceil(latentHeight / LATENTS_PER_HYPER),
        hyperWidth: Math.ceil(latentWidth / LATENTS_PER_HYPER),
      };
    },
  };
}

import { type PictureArea, TILE_EDGE } from '../geometry.js';

/** How a picture divides into windows in which objects are looked for. */
export interface WindowGrid {
  readonly columns: number;
  readonly rows: number;
  /** Window number `index` in raster order. */
  window(index: number): PictureArea;
  /** Whether a box found in a window is cut by the window's edge and lies whole in another one. */
  isCut(box: Edges, index: number): boolean;
}

interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Windows begin where tiles begin and reach this far into the next ones: half a tile. */
const OVERLAP = TILE_EDGE / 2;

/** A box that ends this near to an edge is cut by it, in pixels: one position of the finest level. */
const MARGIN = 8;

/**
 * The windows of a picture: a tile and half of each next one, so that every object of up to half a tile lies whole in
 * one of them, and a picture of up to one and a half tiles has a single window. Each pixel belongs to 2.25 windows
 * at most on average.
 */
export function windowGrid(width: number, height: number): WindowGrid {
  const count = (side: number) => Math.max(1, Math.ceil((side - OVERLAP) / TILE_EDGE));
  const [columns, rows] = [count(width), count(height)];
  const windowAt = (column: number, row: number): PictureArea => {
    const [x, y] = [column * TILE_EDGE, row * TILE_EDGE];
    return {
      x,
      y,
      width: Math.min(TILE_EDGE + OVERLAP, width - x),
      height: Math.min(TILE_EDGE + OVERLAP, height - y),
    };
  };
  /** Whether a box stays clear of all edges of an area that are not edges of the picture. */
  const isWhole = (box: Edges, area: PictureArea): boolean => {
    const [right, bottom] = [area.x + area.width, area.y + area.height];
    return (
      (area.x === 0 || box.left - area.x > MARGIN) &&
      (area.y === 0 || box.top - area.y > MARGIN) &&
      (right === width || right - box.right > MARGIN) &&
      (bottom === height || bottom - box.bottom > MARGIN)
    );
  };
  return {
    columns,
    rows,
    window: (index) => windowAt(index % columns, Math.floor(index / columns)),
    isCut(box, index) {
      const [column, row] = [index % columns, Math.floor(index / columns)];
      if (isWhole(box, windowAt(column, row))) return false;
      for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
          if (isWhole(box, windowAt(c, r))) return true;
        }
      }
      return false;
    },
  };
}

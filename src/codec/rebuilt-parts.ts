import { type PictureArea, TILE_EDGE } from '../geometry.js';

/** Pixels of a part of several tiles, at most: those of two tiles. What is seen around it comes on top. */
const MOST_PIXELS = 2 * TILE_EDGE ** 2;
/** Pixels along a side of such a part, at most: around a long thin one there would be more than in it. */
const LONGEST_SIDE = 4 * TILE_EDGE;

/**
 * The parts of an area that are rebuilt each at once, in raster order; those beside each other have the same height.
 *
 * Where a synthesis sees what is around a tile, the fewer parts there are, the less is computed twice: an area of up to two
 * tiles' pixels is one part, and in larger ones two tiles beside each other are.
 *
 * @param area - In coded pixels, beginning at whole latent positions.
 * @param context - Latent positions around a part that are seen; undefined where each tile is rebuilt by itself.
 */
export function rebuiltParts(area: PictureArea, context: number | undefined): readonly PictureArea[] {
  const isSmall =
    area.width * area.height <= MOST_PIXELS && Math.max(area.width, area.height) <= LONGEST_SIDE;
  if (context !== undefined && isSmall) return [area];
  const across = context === undefined ? TILE_EDGE : 2 * TILE_EDGE;
  const columns = cuts(area.x, area.width, across);
  return cuts(area.y, area.height, TILE_EDGE).flatMap(([y, height]) =>
    columns.map(([x, width]) => ({ x, y, width, height })),
  );
}

/** A length cut where multiples of `edge` lie: beginnings and lengths. */
function cuts(from: number, length: number, edge: number): [number, number][] {
  const found: [number, number][] = [];
  for (let at = from; at < from + length; ) {
    const end = Math.min(from + length, at - (at % edge) + edge);
    found.push([at, end - at]);
    at = end;
  }
  return found;
}

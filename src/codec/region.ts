import { UsageError } from '../errors.js';
import { LATENT_STRIDE, type PictureArea, type PictureScale, TILE_EDGE, tileGrid } from '../geometry.js';

/**
 * The coded pixels to look at: those of a region of the photograph, or all of them where none is given.
 *
 * @param stride - Coded pixels of a position that has to be whole; a latent's unless it is larger.
 */
export function regionOf(
  region: PictureArea | undefined,
  scale: PictureScale,
  stride = LATENT_STRIDE,
): PictureArea {
  const { width, height } = scale;
  return region === undefined
    ? { x: 0, y: 0, width, height }
    : codedRegion(region, scale, Math.max(stride, LATENT_STRIDE));
}

/**
 * The coded pixels that a region of the photograph lies in, grown to whole positions.
 *
 * @param region - In pixels of the photograph after orientation.
 * @throws UsageError `bad-region` when no pixel of the photograph lies in it
 */
function codedRegion(region: PictureArea, scale: PictureScale, stride: number): PictureArea {
  const [left, right] = side(region.x, region.width, scale.sourceWidth, scale.width, region, scale, stride);
  const [top, bottom] = side(
    region.y,
    region.height,
    scale.sourceHeight,
    scale.height,
    region,
    scale,
    stride,
  );
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function side(
  from: number,
  length: number,
  sourceLength: number,
  codedLength: number,
  { x, y, width, height }: PictureArea,
  { sourceWidth, sourceHeight }: PictureScale,
  stride: number,
): [number, number] {
  const [first, end] = [Math.max(0, from), Math.min(sourceLength, from + length)];
  // Written so that what is no number is refused too.
  if (!(length > 0 && end > first)) {
    throw new UsageError(
      'bad-region',
      `the region ${x},${y},${width},${height} holds no pixel of a photograph of ${sourceWidth} x ${sourceHeight}`,
    );
  }
  const scale = codedLength / sourceLength;
  return [
    Math.floor((first * scale) / stride) * stride,
    Math.min(codedLength, Math.ceil((end * scale) / stride) * stride),
  ];
}

/** Numbers of the tiles of a picture that an area touches, in raster order. */
export function tilesTouched(
  area: PictureArea,
  { width, height }: { readonly width: number; readonly height: number },
): number[] {
  const { columns } = tileGrid(width, height);
  const range = (from: number, length: number) => {
    const [first, last] = [Math.floor(from / TILE_EDGE), Math.floor((from + length - 1) / TILE_EDGE)];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  };
  const across = range(area.x, area.width);
  return range(area.y, area.height).flatMap((row) => across.map((column) => row * columns + column));
}

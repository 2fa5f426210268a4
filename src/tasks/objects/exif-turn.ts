import { type BitmapPlace, encodeMask, type RunLengthMask, readRuns } from './run-length-mask.js';

/** A picture's size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** A photograph after its Exif orientation was applied. */
export interface UprightPhotograph extends Size {
  /** The Exif orientation that was applied, 1 to 8. */
  readonly orientation: number;
}

/** A rectangle in pixels. */
interface Rectangle extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * What each Exif orientation does to a stored pixel (x, y): [xx, xy, yx, yy] of X = xx x + xy y, Y = yx x + yy y, where what
 * is negative counts from the far edge. Source: Exif 2.32 (CIPA DC-008), tag 274.
 */
const TURNS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  1: [1, 0, 0, 1],
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, -1, 1, 0],
  7: [0, -1, -1, 0],
  8: [0, 1, -1, 0],
};

/** The orientation that undoes one: a quarter turn is undone by the other one, everything else by itself. */
function inverseOf(orientation: number): number {
  return orientation === 6 ? 8 : orientation === 8 ? 6 : orientation;
}

/**
 * In which frame a photograph was annotated, as far as sizes tell: upright, as every viewer shows it, or as it is stored.
 * Only an orientation that swaps the sides, 5 to 8, shows in the size.
 *
 * @param annotated - Size that the annotations state.
 * @returns `undefined` where neither has that size. That goes for swapped sides too, where no Exif orientation says which
 *   way they were swapped: of the two quarter turns and their mirror images any could be meant.
 */
export function annotationFrame(
  annotated: Size,
  { width, height, orientation }: UprightPhotograph,
): 'upright' | 'stored' | undefined {
  if (annotated.width === width && annotated.height === height) return 'upright';
  const swapped = annotated.width === height && annotated.height === width;
  return swapped && orientation >= 5 ? 'stored' : undefined;
}

/**
 * Brings boxes, and masks where there are any, from an upright photograph to its stored pixels.
 *
 * @throws UsageError `bad-mask`
 */
export function toStoredFrame<Found extends { box: Rectangle; mask?: RunLengthMask }>(
  found: readonly Found[],
  { orientation, ...size }: UprightPhotograph,
): Found[] {
  return turn(found, size, inverseOf(orientation));
}

/**
 * Brings boxes, and masks where there are any, from the stored pixels of a photograph to the upright one.
 *
 * @throws UsageError `bad-mask`
 */
export function toUprightFrame<Found extends { box: Rectangle; mask?: RunLengthMask | undefined }>(
  found: readonly Found[],
  { orientation, ...size }: UprightPhotograph,
): Found[] {
  return turn(found, orientation >= 5 ? { width: size.height, height: size.width } : size, orientation);
}

/** Applies an orientation to what lies in a picture of a size. */
function turn<Found extends { box: Rectangle; mask?: RunLengthMask | undefined }>(
  found: readonly Found[],
  size: Size,
  orientation: number,
): Found[] {
  return found.map((one) => ({
    ...one,
    box: turnBox(one.box, size, orientation),
    ...(one.mask !== undefined && { mask: turnMask(one.mask, orientation) }),
  }));
}

function turnBox(box: Rectangle, size: Size, orientation: number): Rectangle {
  const [xx, xy, yx, yy] = TURNS[orientation]!;
  const along = (a: number, b: number) => {
    const [start, length, extent] =
      a === 0 ? [box.y, box.height, size.height] : [box.x, box.width, size.width];
    return { start: a + b < 0 ? extent - start - length : start, length };
  };
  const [x, y] = [along(xx, xy), along(yx, yy)];
  return { x: x.start, y: y.start, width: x.length, height: y.length };
}

/**
 * Applies an Exif orientation to a mask. Time and memory go with the part of the picture that the object lies in.
 *
 * @throws UsageError `bad-mask`
 */
export function turnMask(mask: RunLengthMask, orientation: number): RunLengthMask {
  const [height, width] = mask.size;
  const [xx, xy, yx, yy] = TURNS[orientation]!;
  const [turnedWidth, turnedHeight] = xx === 0 ? [height, width] : [width, height];
  const runs = readRuns(mask);
  const bounds = boundsOf(runs, height);
  const place = turnBox(bounds, { width, height }, orientation);
  const data = new Uint8Array(place.width * place.height);
  // The origin of stored pixels, within the bounds of the turned object.
  const originX = (xx < 0 ? width - 1 : 0) + (xy < 0 ? height - 1 : 0) - place.x;
  const originY = (yx < 0 ? width - 1 : 0) + (yy < 0 ? height - 1 : 0) - place.y;
  forEachObjectRun(runs, height, (x, y, length) => {
    const at = (originY + yx * x + yy * y) * place.width + originX + xx * x + xy * y;
    const step = yy * place.width + xy;
    for (let k = 0; k < length; k++) data[at + k * step] = 1;
  });
  const turned: BitmapPlace = { x: place.x, y: place.y, width: turnedWidth, height: turnedHeight };
  return encodeMask({ width: place.width, height: place.height, data }, turned);
}

/** The smallest rectangle around an object; empty for none. */
function boundsOf(runs: readonly number[], height: number): Rectangle {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  forEachObjectRun(runs, height, (x, y, length) => {
    left = Math.min(left, x);
    right = x + 1;
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + length);
  });
  return right === 0
    ? { x: 0, y: 0, width: 0, height: 0 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Walks over the object's pixels, a piece of a column at a time. */
function forEachObjectRun(
  runs: readonly number[],
  height: number,
  visit: (x: number, y: number, length: number) => void,
): void {
  let position = 0;
  runs.forEach((run, i) => {
    const end = position + run;
    while (i % 2 === 1 && position < end) {
      const y = position % height;
      const length = Math.min(height - y, end - position);
      visit(Math.floor(position / height), y, length);
      position += length;
    }
    position = end;
  });
}

import { UsageError } from '../../errors.js';
import { checkLimit, defaultLimits, type Limits } from '../../limits.js';

/**
 * Binary mask of a picture as COCO writes it in results files: lengths of alternating runs of background and object
 * in column-major order, starting with background, each a variable-length group of printable characters.
 * Source: `cocoapi/common/maskApi.c`; strings written here are those that pycocotools writes.
 */
export interface RunLengthMask {
  /** Height and width of the picture, in pixels. */
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** Binary picture: row-major, one byte a pixel, 0 is background and every other value object. */
export interface BinaryBitmap {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** [height * width]. */
  readonly data: Uint8Array;
}

/** Where a bitmap lies in a larger picture, in pixels: whole numbers. */
export interface BitmapPlace {
  /** Column of the picture that holds the bitmap's first one; may be negative. */
  readonly x: number;
  /** Row of the picture that holds the bitmap's first one; may be negative. */
  readonly y: number;
  /** Width of the picture. */
  readonly width: number;
  /** Height of the picture. */
  readonly height: number;
}

/** Lengths of runs are exact in a double and fit ten groups of five bits with a sign up to this many pixels. */
const MAX_PIXELS = 2 ** 48;
const FIRST_CHARACTER = 48;

/** Joins pieces of picture, in column-major order, into runs: background first, none of length 0 but the first. */
class RunWriter {
  readonly runs: number[] = [0];

  /** Appends `length` pixels, of the object when `isObject`. */
  append(length: number, isObject: boolean): void {
    if (length === 0) return;
    if (this.runs.length % 2 === (isObject ? 0 : 1)) this.runs[this.runs.length - 1]! += length;
    else this.runs.push(length);
  }
}

/**
 * Encodes a bitmap, which is the whole picture unless `place` puts it into a larger one. Time and memory go with the
 * bitmap's size, not with the picture's. What lies outside the picture is cut off.
 *
 * @throws UsageError `bad-mask` when data and size disagree or a number is not whole.
 */
export function encodeMask(bitmap: BinaryBitmap, place?: BitmapPlace): RunLengthMask {
  const { x, y, width, height } = place ?? { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
  checkSize(bitmap.height, bitmap.width);
  checkSize(height, width);
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y)) throw badMask(`it lies at ${x}, ${y}`);
  if (bitmap.data.length !== bitmap.width * bitmap.height) {
    throw badMask(`${bitmap.data.length} bytes are not ${bitmap.width}x${bitmap.height} pixels`);
  }
  const top = Math.max(y, 0);
  const bottom = Math.min(y + bitmap.height, height);
  const writer = new RunWriter();
  let written = 0;
  if (top < bottom) {
    for (let column = Math.max(x, 0); column < Math.min(x + bitmap.width, width); column++) {
      const start = column * height + top;
      writer.append(start - written, false);
      appendColumn(writer, bitmap, column - x, top - y, bottom - y);
      written = start + bottom - top;
    }
  }
  writer.append(height * width - written, false);
  return writeRuns(writer.runs, height, width);
}

function appendColumn(
  writer: RunWriter,
  { data, width }: BinaryBitmap,
  column: number,
  top: number,
  bottom: number,
): void {
  let start = top;
  while (start < bottom) {
    const isObject = data[start * width + column]! !== 0;
    let end = start + 1;
    while (end < bottom && (data[end * width + column]! !== 0) === isObject) end++;
    writer.append(end - start, isObject);
    start = end;
  }
}

/**
 * Decodes a mask to one byte a pixel: 0 background, 1 object.
 *
 * @throws UsageError `bad-mask` for a string that is no mask of that size.
 * @throws LimitError when the bitmap would exceed `limits.maxArrayBytes`.
 */
export function decodeMask(mask: RunLengthMask, limits: Limits = defaultLimits): BinaryBitmap {
  const runs = readRuns(mask);
  const [height, width] = mask.size;
  checkLimit(limits, 'maxArrayBytes', height * width, 'The mask, in bytes,');
  const data = new Uint8Array(height * width);
  let [column, row] = [0, 0];
  runs.forEach((run, i) => {
    for (let left = run; left > 0; ) {
      const length = Math.min(left, height - row);
      if (i % 2 === 1) for (let k = 0; k < length; k++) data[(row + k) * width + column] = 1;
      left -= length;
      row += length;
      if (row === height) [column, row] = [column + 1, 0];
    }
  });
  return { width, height, data };
}

/**
 * Number of object pixels.
 *
 * @throws UsageError `bad-mask` for a string that is no mask of that size.
 */
export function maskArea(mask: RunLengthMask): number {
  return objectPixels(readRuns(mask));
}

/**
 * Number of pixels that belong to both masks, counted on the runs.
 *
 * @throws UsageError `bad-mask` for bad strings or masks of different sizes.
 */
export function intersectionArea(a: RunLengthMask, b: RunLengthMask): number {
  checkSameSize(a, b);
  return objectPixels(combineRuns(readRuns(a), readRuns(b), (inA, inB) => inA && inB));
}

/**
 * Pixels that belong to both masks.
 *
 * @throws UsageError `bad-mask` for bad strings or masks of different sizes.
 */
export function intersectMasks(a: RunLengthMask, b: RunLengthMask): RunLengthMask {
  return combineMasks(a, b, (inA, inB) => inA && inB);
}

/**
 * Pixels that belong to either mask.
 *
 * @throws UsageError `bad-mask` for bad strings or masks of different sizes.
 */
export function uniteMasks(a: RunLengthMask, b: RunLengthMask): RunLengthMask {
  return combineMasks(a, b, (inA, inB) => inA || inB);
}

/**
 * Pixels that belong to `a` and not to `b`.
 *
 * @throws UsageError `bad-mask` for bad strings or masks of different sizes.
 */
export function subtractMasks(a: RunLengthMask, b: RunLengthMask): RunLengthMask {
  return combineMasks(a, b, (inA, inB) => inA && !inB);
}

type Keep = (inA: boolean, inB: boolean) => boolean;

function combineMasks(a: RunLengthMask, b: RunLengthMask, keep: Keep): RunLengthMask {
  checkSameSize(a, b);
  return writeRuns(combineRuns(readRuns(a), readRuns(b), keep), a.size[0], a.size[1]);
}

/** Walks two lists of runs of the same total and keeps the pixels that `keep` says. */
function combineRuns(a: readonly number[], b: readonly number[], keep: Keep): number[] {
  const writer = new RunWriter();
  let [i, j] = [0, 0];
  let [leftA, leftB] = [a[0] ?? 0, b[0] ?? 0];
  for (;;) {
    while (leftA === 0 && i < a.length) leftA = a[++i] ?? 0;
    while (leftB === 0 && j < b.length) leftB = b[++j] ?? 0;
    if (i >= a.length || j >= b.length) return writer.runs;
    const length = Math.min(leftA, leftB);
    writer.append(length, keep(i % 2 === 1, j % 2 === 1));
    leftA -= length;
    leftB -= length;
  }
}

function objectPixels(runs: readonly number[]): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i]!;
  return area;
}

/**
 * Lengths of a mask's runs in column-major order, background first. They sum to the picture's pixels.
 *
 * @throws UsageError `bad-mask` for a string that is no mask of that size.
 */
export function readRuns({ size, counts }: RunLengthMask): number[] {
  const [height, width] = size;
  checkSize(height, width);
  const runs: number[] = [];
  let total = 0;
  for (let at = 0; at < counts.length; ) {
    const start = at;
    let [value, weight, group] = [0, 1, 0];
    do {
      group = counts.charCodeAt(at++) - FIRST_CHARACTER;
      // Past the end this is NaN, which no comparison accepts.
      if (!(group >= 0 && group < 64)) throw badMask(`character ${at} is ${describe(counts[at - 1])}`);
      if (at - start > 10) throw badMask(`the number at character ${start + 1} is too long`);
      value += (group % 32) * weight;
      weight *= 32;
    } while (group >= 32);
    if (group >= 16) value -= weight;
    // From the fourth run on, the difference to the run before the last is stored.
    if (runs.length > 2) value += runs[runs.length - 2]!;
    if (value < 0) throw badMask(`run ${runs.length + 1} has the length ${value}`);
    runs.push(value);
    total += value;
  }
  if (total !== height * width) {
    throw badMask(`its runs hold ${total} pixels, the picture ${height}x${width} has ${height * width}`);
  }
  return runs;
}

/**
 * Mask of given runs in column-major order, background first.
 *
 * @throws UsageError `bad-mask` for runs that are not the pixels of a picture of that size.
 */
export function writeRuns(runs: readonly number[], height: number, width: number): RunLengthMask {
  checkSize(height, width);
  let total = 0;
  const characters: string[] = [];
  runs.forEach((run, i) => {
    if (!Number.isSafeInteger(run) || run < 0) throw badMask(`run ${i + 1} has the length ${run}`);
    total += run;
    let value = i > 2 ? run - runs[i - 2]! : run;
    for (let more = true; more; ) {
      const rest = Math.floor(value / 32);
      const group = value - rest * 32;
      value = rest;
      more = group >= 16 ? rest !== -1 : rest !== 0;
      characters.push(String.fromCharCode(FIRST_CHARACTER + group + (more ? 32 : 0)));
    }
  });
  if (total !== height * width) {
    throw badMask(`its runs hold ${total} pixels, the picture ${height}x${width} has ${height * width}`);
  }
  return { size: [height, width], counts: characters.join('') };
}

function checkSize(height: number, width: number): void {
  const isLength = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isLength(height) || !isLength(width) || height * width > MAX_PIXELS) {
    throw badMask(`no picture has the size ${height}x${width}`);
  }
}

function checkSameSize(a: RunLengthMask, b: RunLengthMask): void {
  if (a.size[0] !== b.size[0] || a.size[1] !== b.size[1]) {
    throw badMask(`its size ${a.size.join('x')} differs from the other's, ${b.size.join('x')}`);
  }
}

function describe(character: string | undefined): string {
  return character === undefined ? 'missing: the last number is cut off' : JSON.stringify(character);
}

function badMask(problem: string): UsageError {
  return new UsageError('bad-mask', `bad run-length mask: ${problem}`);
}

import { UsageError } from '../errors.js';

/** An 8-bit RGB picture: [height][width][3]. */
interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One channel, row by row. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/** Exponents of the five scales, finest first: Wang, Simoncelli, Bovik 2003, section 3.2. */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

const WINDOW_SIDE = 11;
const WINDOW_SIGMA = 1.5;

/** Stabilise quotients of small numbers: (0.01 L)^2 and (0.03 L)^2, L = 255. */
const LUMINANCE_TERM = (0.01 * 255) ** 2;
const CONTRAST_TERM = (0.03 * 255) ** 2;

/** Shortest side, in pixels, of a picture whose coarsest scale still holds a whole window. */
export const MIN_MS_SSIM_SIDE = (WINDOW_SIDE - 1) * 2 ** (WEIGHTS.length - 1) + 1;

/**
 * Multi-scale structural similarity (Wang, Simoncelli, Bovik: *Multi-scale structural similarity for image quality
 * assessment*, Asilomar 2003): five scales, Gaussian windows of 11 x 11 with a deviation of 1.5 that lie wholly in the
 * picture, scales halved by means of 2 x 2 (an odd last row or column is repeated). The mean over the channels R, G, B,
 * each on its own, which is what learned compression reports; a figure of luma alone is higher.
 *
 * A term below 0, which opposite structures have, counts as 0. Fewer scales or smaller windows would be another measure,
 * so pictures that do not hold them have none.
 *
 * @returns At most 1, for the same pictures.
 * @throws UsageError `length-mismatch` for pictures of different sizes, `picture-too-small` below
 *   {@link MIN_MS_SSIM_SIDE} pixels a side.
 */
export function msSsim(reference: RgbPicture, test: RgbPicture): number {
  const { width, height } = reference;
  if (width !== test.width || height !== test.height) {
    throw new UsageError(
      'length-mismatch',
      `two pictures to compare have ${width} x ${height} and ${test.width} x ${test.height} pixels; give one size`,
    );
  }
  checkMsSsimSize(reference);
  const channels = [0, 1, 2].map((channel) =>
    planeSimilarity(planeOf(reference, channel), planeOf(test, channel)),
  );
  return channels.reduce((sum, one) => sum + one, 0) / channels.length;
}

/** @throws UsageError `picture-too-small` where a picture has no MS-SSIM */
export function checkMsSsimSize({ width, height }: { width: number; height: number }): void {
  if (Math.min(width, height) >= MIN_MS_SSIM_SIDE) return;
  throw new UsageError(
    'picture-too-small',
    `the picture has ${width} x ${height} pixels; MS-SSIM is of pictures with at least ${MIN_MS_SSIM_SIDE} a side`,
  );
}

function planeSimilarity(reference: Plane, test: Plane): number {
  let [a, b] = [reference, test];
  let product = 1;
  for (const [scale, weight] of WEIGHTS.entries()) {
    const isCoarsest = scale === WEIGHTS.length - 1;
    const { whole, contrast } = similarityTerms(a, b);
    product *= Math.max(0, isCoarsest ? whole : contrast) ** weight;
    if (!isCoarsest) [a, b] = [halve(a), halve(b)];
  }
  return product;
}

/** Means over all windows: of contrast and structure, and of those with luminance, which is SSIM. */
function similarityTerms(a: Plane, b: Plane): { whole: number; contrast: number } {
  const blurred = (values: Float64Array) => blur({ width: a.width, height: a.height, values });
  const [meanA, meanB] = [blurred(a.values), blurred(b.values)];
  // Only the sum of both variances is needed.
  const squares = blurred(a.values.map((value, i) => value * value + b.values[i]! * b.values[i]!));
  const products = blurred(a.values.map((value, i) => value * b.values[i]!));
  let [whole, contrast] = [0, 0];
  for (let i = 0; i < meanA.length; i++) {
    const bothMeans = meanA[i]! * meanB[i]!;
    const meanSquares = meanA[i]! ** 2 + meanB[i]! ** 2;
    const structure =
      (2 * (products[i]! - bothMeans) + CONTRAST_TERM) / (squares[i]! - meanSquares + CONTRAST_TERM);
    contrast += structure;
    whole += (structure * (2 * bothMeans + LUMINANCE_TERM)) / (meanSquares + LUMINANCE_TERM);
  }
  return { whole: whole / meanA.length, contrast: contrast / meanA.length };
}

const WINDOW = gaussian();

/** One axis of the window; its sum is 1. */
function gaussian(): Float64Array {
  const half = (WINDOW_SIDE - 1) / 2;
  const window = Float64Array.from({ length: WINDOW_SIDE }, (_, i) =>
    Math.exp(-((i - half) ** 2) / (2 * WINDOW_SIGMA ** 2)),
  );
  const sum = window.reduce((a, b) => a + b);
  return window.map((value) => value / sum);
}

/** Weighted means of all windows that lie in the plane. */
function blur({ width, height, values }: Plane): Float64Array {
  const [across, down] = [width - WINDOW_SIDE + 1, height - WINDOW_SIDE + 1];
  const means = new Float64Array(across * down);
  const row = new Float64Array(width);
  for (let y = 0; y < down; y++) {
    row.fill(0);
    for (let i = 0; i < WINDOW_SIDE; i++) addScaled(row, values, (y + i) * width, WINDOW[i]!);
    for (let i = 0; i < WINDOW_SIDE; i++) {
      const weight = WINDOW[i]!;
      const to = y * across;
      for (let x = 0; x < across; x++) means[to + x]! += weight * row[x + i]!;
    }
  }
  return means;
}

/** Adds a row of a plane, multiplied, to another. */
function addScaled(row: Float64Array, values: Float64Array, from: number, weight: number): void {
  for (let x = 0; x < row.length; x++) row[x]! += weight * values[from + x]!;
}

/** Means of 2 x 2 pixels. */
function halve({ width, height, values }: Plane): Plane {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const means = new Float64Array(half.width * half.height);
  for (let y = 0; y < half.height; y++) {
    const [top, bottom] = [2 * y * width, Math.min(2 * y + 1, height - 1) * width];
    for (let x = 0; x < half.width; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      means[y * half.width + x] =
        (values[top + left]! + values[top + right]! + values[bottom + left]! + values[bottom + right]!) / 4;
    }
  }
  return { ...half, values: means };
}

function planeOf({ width, height, data }: RgbPicture, channel: number): Plane {
  const values = Float64Array.from({ length: width * height }, (_, i) => data[3 * i + channel]!);
  return { width, height, values };
}

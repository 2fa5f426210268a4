import { UsageError } from '../errors.js';

/** Features at one point of a network: [height][width][channels]. */
interface Features {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** Keeps features that are all 0 from being divided by 0. */
const EPSILON = 1e-10;

/**
 * Distance of two pictures in the features of a network (LPIPS; Zhang, Isola, Efros, Shechtman, Wang: *The Unreasonable
 * Effectiveness of Deep Features as a Perceptual Metric*, CVPR 2018, equation 1): at each point features are normalised to
 * length 1 at every position, squared differences weighted by channel and averaged over positions, and the points summed.
 *
 * @param reference - Features of one picture, a map for each point.
 * @param test - Those of the other, of the same sizes.
 * @param weights - A number for each channel of each point, not below 0.
 * @returns 0 for the same pictures.
 * @throws UsageError `length-mismatch`
 */
export function lpipsDistance(
  reference: readonly Features[],
  test: readonly Features[],
  weights: readonly ArrayLike<number>[],
): number {
  const isAlike = reference.every((a, point) => {
    const b = test[point];
    return a.width === b?.width && a.height === b.height && a.channels === weights[point]?.length;
  });
  if (!isAlike || reference.length !== test.length || reference.length !== weights.length) {
    throw new UsageError('length-mismatch', 'features to compare, or their weights, are not of one size');
  }
  return reference.reduce((sum, a, point) => sum + pointDistance(a, test[point]!, weights[point]!), 0);
}

function pointDistance(a: Features, b: Features, weights: ArrayLike<number>): number {
  const { width, height, channels } = a;
  let sum = 0;
  for (let at = 0; at < a.data.length; at += channels) {
    const [scaleA, scaleB] = [inverseLength(a.data, at, channels), inverseLength(b.data, at, channels)];
    for (let c = 0; c < channels; c++) {
      sum += weights[c]! * (a.data[at + c]! * scaleA - b.data[at + c]! * scaleB) ** 2;
    }
  }
  return sum / (width * height);
}

function inverseLength(data: Float32Array, at: number, channels: number): number {
  let sum = 0;
  for (let c = at; c < at + channels; c++) sum += data[c]! ** 2;
  return 1 / (Math.sqrt(sum) + EPSILON);
}

import { UsageError } from '../errors.js';
import {
  type BjontegaardOptions,
  type BjontegaardResult,
  bdAccuracy,
  bdRate,
  type RatePoint,
} from './bjontegaard.js';
import { type BootstrapInterval, type BootstrapOptions, bootstrapInterval } from './bootstrap.js';
import { meanScore } from './classification-accuracy.js';

/** A codec at one setting, picture by picture. */
export interface SampledPoint {
  /** [images]: size of each coded picture. */
  readonly bytes: ArrayLike<number>;
  /**
   * Accuracy over the pictures, each counted as often as `imageCounts` says, once without it; undefined where there is
   * none. For example `(counts) => meanScore(hits, counts)` or `(counts) => averagePrecision(matches, counts).ap`.
   */
  readonly accuracy: (imageCounts?: ArrayLike<number>) => number | undefined;
}

/** A delta over all pictures and the interval in which it lies. */
export interface BootstrappedDelta {
  readonly estimate: BjontegaardResult;
  readonly interval: BootstrapInterval;
}

type Delta = typeof bdRate;

/**
 * {@link bdRate} of curves whose rate is the mean size of a picture, with a bootstrap interval over pictures. A draw
 * takes the same pictures for all points of both curves, so that what they have in common does not widen it.
 *
 * @throws UsageError `length-mismatch` when points have different numbers of pictures, and what {@link bdRate} and
 * {@link bootstrapInterval} throw.
 */
export function bootstrapBdRate(
  anchor: readonly SampledPoint[],
  test: readonly SampledPoint[],
  options: BjontegaardOptions & BootstrapOptions = {},
): BootstrappedDelta {
  return bootstrapDelta(bdRate, anchor, test, options);
}

/**
 * {@link bdAccuracy} of curves whose rate is the mean size of a picture, with a bootstrap interval over pictures. A draw
 * takes the same pictures for all points of both curves.
 *
 * @throws UsageError `length-mismatch` when points have different numbers of pictures, and what {@link bdAccuracy} and
 * {@link bootstrapInterval} throw.
 */
export function bootstrapBdAccuracy(
  anchor: readonly SampledPoint[],
  test: readonly SampledPoint[],
  options: BjontegaardOptions & BootstrapOptions = {},
): BootstrappedDelta {
  return bootstrapDelta(bdAccuracy, anchor, test, options);
}

function bootstrapDelta(
  delta: Delta,
  anchor: readonly SampledPoint[],
  test: readonly SampledPoint[],
  options: BjontegaardOptions & BootstrapOptions,
): BootstrappedDelta {
  const points = [...anchor, ...test];
  const imageCount = points[0]?.bytes.length ?? 0;
  if (points.some(({ bytes }) => bytes.length !== imageCount)) {
    throw new UsageError('length-mismatch', 'all points of both curves must have the same pictures');
  }
  const deltaOf = (imageCounts?: Uint32Array): BjontegaardResult => {
    const curves = [anchor, test].map((curve) => curveOf(curve, imageCounts));
    if (curves[0] === undefined || curves[1] === undefined) {
      return { kind: 'unusable-curve', reason: 'a point of a curve has no accuracy' };
    }
    return delta(curves[0], curves[1], options);
  };
  const figure = (imageCounts: Uint32Array) => {
    const result = deltaOf(imageCounts);
    return result.kind === 'value' ? result.value : undefined;
  };
  return { estimate: deltaOf(), interval: bootstrapInterval(figure, imageCount, options) };
}

/** The curve on some pictures; undefined where a point has no accuracy. */
function curveOf(
  points: readonly SampledPoint[],
  imageCounts: Uint32Array | undefined,
): RatePoint[] | undefined {
  const curve: RatePoint[] = [];
  for (const { bytes, accuracy } of points) {
    const [rate, reached] = [meanScore(bytes, imageCounts), accuracy(imageCounts)];
    if (rate === undefined || reached === undefined) return undefined;
    curve.push({ rate, accuracy: reached });
  }
  return curve;
}

import { UsageError } from '../errors.js';
import { integratePiecewiseCubic } from './piecewise-cubic.js';

/** A codec at one setting. */
export interface RatePoint {
  /** Above 0, in any unit that both curves share: bytes, bits per pixel. */
  readonly rate: number;
  /** Larger is better: top-1, AP, PSNR. */
  readonly accuracy: number;
}

/** What two curves have in common. */
export interface Overlap {
  /** Start of the common range: an accuracy for {@link bdRate}, a rate for {@link bdAccuracy}. */
  readonly from: number;
  /** Its end; not above `from` where nothing is common. */
  readonly to: number;
  /** Length of the common range over the shorter curve's, 0 to 1; rates are measured by their logarithm. */
  readonly share: number;
}

/** A delta, or why there is none. */
export type BjontegaardResult =
  | {
      readonly kind: 'value';
      readonly value: number;
      readonly overlap: Overlap;
      /** Which curve did not rise everywhere and was replaced by its nearest rising fit. */
      readonly monotoneFit: { readonly anchor: boolean; readonly test: boolean };
    }
  | {
      readonly kind: 'overlap-too-small' | 'no-overlap';
      readonly reason: string;
      readonly overlap: Overlap;
    }
  | { readonly kind: 'unusable-curve'; readonly reason: string };

/** Settings of a comparison. */
export interface BjontegaardOptions {
  /** Smallest share of the shorter curve's range that both must cover, 0 to 1; 0.25 unless given. */
  readonly minOverlap?: number | undefined;
}

/** Points by rising x, and whether they had to be fitted. */
interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly isFitted: boolean;
}

/**
 * Bjontegaard delta rate (VCEG-M33, with the piecewise cubic interpolation of JCTVC-L1100): mean difference of the
 * logarithmic rate at equal accuracy, over the accuracies that both curves reach.
 *
 * Where accuracy does not rise with rate there is no single rate for an accuracy. Such a curve is replaced by its
 * isotonic fit, and points of equal accuracy by one at their mean logarithmic rate.
 *
 * @returns `value` in percent: -20 means that the test needs 20 % less rate than the anchor.
 * @throws UsageError `bad-curve` for a rate that is not above 0 or a number that is not finite, `bad-overlap` for a
 * `minOverlap` outside 0 to 1.
 */
export function bdRate(
  anchor: readonly RatePoint[],
  test: readonly RatePoint[],
  options: BjontegaardOptions = {},
): BjontegaardResult {
  const result = compare(rateOverAccuracy(anchor), rateOverAccuracy(test), 'accuracies', options);
  if (result.kind !== 'value') return result;
  return { ...result, value: 100 * Math.expm1(result.value) };
}

/**
 * Bjontegaard delta accuracy (BD-PSNR of VCEG-M33 with accuracy in place of PSNR): mean difference of accuracy at equal
 * rate, over the rates that both curves cover, each logarithmic interval weighing the same. A curve whose accuracy does
 * not rise with rate is replaced by its isotonic fit.
 *
 * @returns `value` in units of accuracy: 0.02 means that the test is better by 0.02.
 * @throws UsageError `bad-curve` for a rate that is not above 0 or a number that is not finite, `bad-overlap` for a
 * `minOverlap` outside 0 to 1.
 */
export function bdAccuracy(
  anchor: readonly RatePoint[],
  test: readonly RatePoint[],
  options: BjontegaardOptions = {},
): BjontegaardResult {
  const result = compare(accuracyOverRate(anchor), accuracyOverRate(test), 'rates', options);
  if (result.kind === 'unusable-curve') return result;
  const { from, to, share } = result.overlap;
  return { ...result, overlap: { from: Math.exp(from), to: Math.exp(to), share } };
}

/** Accuracy over logarithmic rate, never falling. */
function accuracyOverRate(points: readonly RatePoint[]): Curve {
  for (const { rate, accuracy } of points) {
    if (!(rate > 0) || !Number.isFinite(rate) || !Number.isFinite(accuracy)) {
      throw new UsageError('bad-curve', `a curve cannot have accuracy ${accuracy} at the rate ${rate}`);
    }
  }
  const { x, y } = mergeEqual(
    points.map(({ rate }) => Math.log(rate)),
    points.map(({ accuracy }) => accuracy),
  );
  const fit = isotonicFit(y);
  return { x, y: fit, isFitted: fit.some((value, i) => value !== y[i]) };
}

/** Logarithmic rate over accuracy. */
function rateOverAccuracy(points: readonly RatePoint[]): Curve {
  const { x, y, isFitted } = accuracyOverRate(points);
  const merged = mergeEqual(y, x);
  return { ...merged, isFitted: isFitted || merged.x.length < x.length };
}

/** Points by rising x; those of equal x become one at their mean y. */
function mergeEqual(x: readonly number[], y: readonly number[]): { x: number[]; y: number[] } {
  const groups = new Map<number, number[]>();
  x.forEach((value, i) => {
    groups.set(value, [...(groups.get(value) ?? []), y[i]!]);
  });
  const sorted = [...groups].sort(([a], [b]) => a - b);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { x: sorted.map(([value]) => value), y: sorted.map(([, values]) => mean(values)) };
}

/** Mean difference of two curves over the range of x that both cover. */
function compare(
  anchor: Curve,
  test: Curve,
  what: 'accuracies' | 'rates',
  { minOverlap = 0.25 }: BjontegaardOptions,
): BjontegaardResult {
  if (!(minOverlap >= 0 && minOverlap <= 1)) {
    throw new UsageError('bad-overlap', `minOverlap must lie between 0 and 1, not ${minOverlap}`);
  }
  for (const [name, { x }] of [['anchor', anchor] as const, ['test', test] as const]) {
    if (x.length < 2) {
      return { kind: 'unusable-curve', reason: `the ${name} curve has fewer than two different ${what}` };
    }
  }
  const [anchorFrom, anchorTo] = [anchor.x[0]!, anchor.x.at(-1)!];
  const [testFrom, testTo] = [test.x[0]!, test.x.at(-1)!];
  const [from, to] = [Math.max(anchorFrom, testFrom), Math.min(anchorTo, testTo)];
  const share = Math.max(0, to - from) / Math.min(anchorTo - anchorFrom, testTo - testFrom);
  const overlap = { from, to, share };
  if (to <= from) {
    const place = testFrom >= anchorTo ? 'above' : 'below';
    return {
      kind: 'no-overlap',
      reason: `the curves share no ${what}: all of the test's lie ${place} the anchor's`,
      overlap,
    };
  }
  if (share < minOverlap) {
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    return {
      kind: 'overlap-too-small',
      reason: `the curves share ${percent(share)} of the shorter one's range of ${what}, less than ${percent(minOverlap)}`,
      overlap,
    };
  }
  const difference =
    integratePiecewiseCubic(test.x, test.y, from, to) - integratePiecewiseCubic(anchor.x, anchor.y, from, to);
  return {
    kind: 'value',
    value: difference / (to - from),
    overlap,
    monotoneFit: { anchor: anchor.isFitted, test: test.isFitted },
  };
}

/**
 * The nondecreasing values nearest to given ones in the sense of least squares (pool adjacent violators, Ayer et al.
 * 1955): neighbours that fall are replaced by their mean until none does.
 *
 * @returns As many values as given.
 */
export function isotonicFit(values: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  const mean = (i: number) => pools[i]!.sum / pools[i]!.count;
  for (const value of values) {
    pools.push({ sum: value, count: 1 });
    while (pools.length > 1 && mean(pools.length - 2) > mean(pools.length - 1)) {
      const { sum, count } = pools.pop()!;
      const pool = pools[pools.length - 1]!;
      pool.sum += sum;
      pool.count += count;
    }
  }
  return pools.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
}

import { UsageError } from '../errors.js';
import { Mulberry32 } from './mulberry32.js';

/** Settings of a bootstrap. */
export interface BootstrapOptions {
  /** How often pictures are drawn anew; 1000 unless given. */
  readonly resamples?: number | undefined;
  /** Part of the resampled figures that the interval holds, 0 to 1; 0.95 unless given. */
  readonly confidence?: number | undefined;
  /** Whole number; the same seed gives the same interval. 1 unless given. */
  readonly seed?: number | undefined;
}

/** An interval, or why there is none. `used` of `resamples` gave a figure. */
export type BootstrapInterval =
  | {
      readonly kind: 'interval';
      readonly low: number;
      readonly high: number;
      readonly resamples: number;
      readonly used: number;
    }
  | {
      readonly kind: 'unstable';
      readonly reason: string;
      readonly resamples: number;
      readonly used: number;
    };

/** Part of the resamples that must give a figure: leaving out more would narrow the interval silently. */
const MIN_USED = 0.95;

/**
 * Percentile bootstrap over pictures (Efron 1979): as many pictures as there are, drawn with replacement, again and
 * again, and the middle part of the figures that result.
 *
 * @param statistic - Figure for a draw, given [images] how often each picture was drawn; undefined where a draw has
 * none, for example because no object was drawn. It must not keep the array.
 * @param imageCount - Pictures, at least 1.
 * @throws UsageError `bad-bootstrap` for settings that make no sense.
 */
export function bootstrapInterval(
  statistic: (imageCounts: Uint32Array) => number | undefined,
  imageCount: number,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const { resamples = 1000, confidence = 0.95, seed = 1 } = options;
  checkSettings(imageCount, resamples, confidence, seed);
  const random = new Mulberry32(seed);
  const counts = new Uint32Array(imageCount);
  const figures: number[] = [];
  for (let draw = 0; draw < resamples; draw++) {
    counts.fill(0);
    for (let i = 0; i < imageCount; i++) counts[random.below(imageCount)]!++;
    const figure = statistic(counts);
    if (figure !== undefined) figures.push(figure);
  }
  const used = figures.length;
  if (used < MIN_USED * resamples) {
    const reason = `only ${used} of ${resamples} resamples give a figure`;
    return { kind: 'unstable', reason, resamples, used };
  }
  figures.sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  return {
    kind: 'interval',
    low: quantile(figures, tail),
    high: quantile(figures, 1 - tail),
    resamples,
    used,
  };
}

/** Quantile of sorted values, linear between neighbours as in numpy. */
function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const below = Math.min(Math.floor(at), sorted.length - 1);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

function checkSettings(imageCount: number, resamples: number, confidence: number, seed: number): void {
  const refuse = (problem: string) => {
    throw new UsageError('bad-bootstrap', `a bootstrap takes ${problem}`);
  };
  if (!Number.isSafeInteger(imageCount) || imageCount < 1) refuse(`at least one picture, not ${imageCount}`);
  if (!Number.isSafeInteger(resamples) || resamples < 1) refuse(`at least one resample, not ${resamples}`);
  if (!(confidence > 0 && confidence < 1)) refuse(`a confidence between 0 and 1, not ${confidence}`);
  if (!Number.isSafeInteger(seed)) refuse(`a whole number as seed, not ${seed}`);
}

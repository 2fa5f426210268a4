import { UsageError } from '../errors.js';

/** Normal quantile of a two-sided 95 % interval. */
const Z_95 = 1.959963984540054;

/**
 * Interval of 95 % for a share (Wilson 1927): the shares from which the observed count does not differ significantly.
 * Unlike the usual one it stays within 0 to 1 and makes sense for 0 of n, too (Newcombe 1998, method 3).
 *
 * @param hits - Out of `trials`, 0 to `trials`; need not be whole.
 * @param trials - At least 1.
 * @throws UsageError `bad-count` for other numbers.
 */
export function wilsonInterval(hits: number, trials: number): { low: number; high: number } {
  checkCounts(hits, trials);
  const share = hits / trials;
  const spread = Z_95 ** 2 / trials;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (Z_95 * Math.sqrt((share * (1 - share) + spread / 4) / trials)) / (1 + spread);
  // Exactly the ends of the scale where the arithmetic only comes near them.
  return { low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}

/**
 * How likely at least so many right answers are when each is a toss of a coin: the upper tail of a binomial
 * distribution of one half.
 *
 * @param hits - Whole number, 0 to `trials`.
 * @param trials - Whole number of at least 1.
 * @throws UsageError `bad-count` for other numbers.
 */
export function chanceOfGuessing(hits: number, trials: number): number {
  checkCounts(hits, trials);
  let term = 2 ** -trials;
  let sum = hits === 0 ? term : 0;
  for (let count = 1; count <= trials; count++) {
    term *= (trials - count + 1) / count;
    if (count >= hits) sum += term;
  }
  return Math.min(1, sum);
}

function checkCounts(hits: number, trials: number): void {
  if (trials >= 1 && hits >= 0 && hits <= trials && Number.isFinite(trials)) return;
  throw new UsageError('bad-count', `a share of ${hits} in ${trials} makes no sense`);
}

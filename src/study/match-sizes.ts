import type { Rung, SizeLadder } from './size-ladder.js';

/** Files of two codecs that are about as large, or why there are none. */
export type MatchedSizes =
  | { readonly kind: 'matched'; readonly rungs: readonly [Rung, Rung]; readonly mismatch: number }
  | { readonly kind: 'unmatched'; readonly reason: string };

/** Sizes of a pair differ by at most this part of the smaller one. */
const MOST_MISMATCH = 0.01;

/** Both files of a pair are at most this part of the target away from it. */
const REACH = 0.1;

/**
 * Finds files of two codecs whose sizes differ by at most 1 %, as near to a target as may be and not farther from it than
 * 10 %. Codecs with few settings rarely meet a size, but two of them often meet each other nearby, and one with many
 * settings meets every one of the other's.
 */
export async function matchSizes(
  ladders: readonly [SizeLadder, SizeLadder],
  targetBytes: number,
): Promise<MatchedSizes> {
  const [first, second] = ladders;
  const [firsts, seconds] = await Promise.all([rungsOf(first, targetBytes), rungsOf(second, targetBytes)]);
  for (const [ladder, rungs] of [[first, firsts] as const, [second, seconds] as const]) {
    if (rungs.length === 0) return { kind: 'unmatched', reason: await outOfReach(ladder, targetBytes) };
  }
  const pairs: [Rung, Rung][] = firsts.flatMap((one) => seconds.map((other): [Rung, Rung] => [one, other]));
  if (second.isFine) for (const one of firsts) pairs.push([one, await second.nearest(one.sizeBytes)]);
  if (first.isFine) for (const other of seconds) pairs.push([await first.nearest(other.sizeBytes), other]);
  const distance = (rungs: readonly Rung[]) =>
    Math.max(...rungs.map(({ sizeBytes }) => Math.abs(sizeBytes - targetBytes)));
  pairs.sort((a, b) => distance(a) - distance(b));
  const rungs = pairs.find((pair) => mismatchOf(pair) <= MOST_MISMATCH);
  if (rungs !== undefined) return { kind: 'matched', rungs, mismatch: mismatchOf(rungs) };
  const least = Math.min(...pairs.map(mismatchOf));
  return {
    kind: 'unmatched',
    reason: `the nearest sizes are ${(100 * least).toFixed(1)} % apart, more than ${100 * MOST_MISMATCH} %`,
  };
}

/** Of a fine scale the nearest alone: its neighbours are looked for where the other codec is. */
async function rungsOf(ladder: SizeLadder, targetBytes: number): Promise<Rung[]> {
  if (!ladder.isFine) return await ladder.around(targetBytes, REACH);
  const nearest = await ladder.nearest(targetBytes);
  return Math.abs(nearest.sizeBytes - targetBytes) <= REACH * targetBytes ? [nearest] : [];
}

async function outOfReach(ladder: SizeLadder, targetBytes: number): Promise<string> {
  const { sizeBytes } = await ladder.nearest(targetBytes);
  return (
    `${ladder.codec.name} has no file within ${100 * REACH} % of ${Math.round(targetBytes)} bytes; ` +
    `the nearest has ${sizeBytes}`
  );
}

function mismatchOf([a, b]: readonly [Rung, Rung]): number {
  return Math.abs(a.sizeBytes - b.sizeBytes) / Math.min(a.sizeBytes, b.sizeBytes);
}

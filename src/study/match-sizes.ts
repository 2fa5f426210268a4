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
 * Finds files of two codecs whose sizes differ by at most 1 %, near a target and not farther from it than 10 %. Codecs
 * with few settings rarely meet a size, but two of them often meet each other nearby, and one with many settings meets
 * nearly every one of the other's.
 */
export async function matchSizes(
  ladders: readonly [SizeLadder, SizeLadder],
  targetBytes: number,
): Promise<MatchedSizes> {
  const [first, second] = ladders;
  const pairs = second.isFine
    ? meetEach(first, second, targetBytes)
    : first.isFine
      ? swapped(meetEach(second, first, targetBytes))
      : meetAny(first, second, targetBytes);
  let least = Infinity;
  for await (const rungs of pairs) {
    const mismatch = mismatchOf(rungs);
    least = Math.min(least, mismatch);
    if (mismatch <= MOST_MISMATCH) return { kind: 'matched', rungs, mismatch };
  }
  if (least < Infinity) {
    const apart = (100 * least).toFixed(1);
    return {
      kind: 'unmatched',
      reason: `the nearest sizes are ${apart} % apart, more than ${100 * MOST_MISMATCH} %`,
    };
  }
  const reasons = await Promise.all(ladders.map((ladder) => outOfReach(ladder, targetBytes)));
  return { kind: 'unmatched', reason: reasons.find((reason) => reason !== undefined)! };
}

/** Files of one codec from the target outwards, each with the nearest of the other, to whose settings fractions count. */
async function* meetEach(
  one: SizeLadder,
  fine: SizeLadder,
  targetBytes: number,
): AsyncGenerator<[Rung, Rung]> {
  const nearest = await fine.nearest(targetBytes);
  if (!isWithinReach(nearest, targetBytes)) return;
  if (!one.isFine) {
    for await (const rung of one.around(targetBytes, REACH)) yield [rung, await fine.nearest(rung.sizeBytes)];
    return;
  }
  const rung = await one.nearest(targetBytes);
  if (isWithinReach(rung, targetBytes)) yield [rung, await fine.nearest(rung.sizeBytes)];
}

/** Every file of the one with every file of the other, those first of which both are near the target. */
async function* meetAny(
  first: SizeLadder,
  second: SizeLadder,
  targetBytes: number,
): AsyncGenerator<[Rung, Rung]> {
  const rungs = await rungsAround(first, targetBytes);
  const others = await rungsAround(second, targetBytes);
  const distance = (pair: readonly Rung[]) =>
    Math.max(...pair.map(({ sizeBytes }) => Math.abs(sizeBytes - targetBytes)));
  const pairs = rungs.flatMap((one) => others.map((other): [Rung, Rung] => [one, other]));
  yield* pairs.sort((a, b) => distance(a) - distance(b));
}

async function rungsAround(ladder: SizeLadder, targetBytes: number): Promise<Rung[]> {
  const rungs: Rung[] = [];
  for await (const rung of ladder.around(targetBytes, REACH)) rungs.push(rung);
  return rungs;
}

async function* swapped(pairs: AsyncIterable<[Rung, Rung]>): AsyncGenerator<[Rung, Rung]> {
  for await (const [one, other] of pairs) yield [other, one];
}

function isWithinReach({ sizeBytes }: Rung, targetBytes: number): boolean {
  return Math.abs(sizeBytes - targetBytes) <= REACH * targetBytes;
}

/** Why a codec has no file near a target; undefined where it has. */
async function outOfReach(ladder: SizeLadder, targetBytes: number): Promise<string | undefined> {
  const nearest = await ladder.nearest(targetBytes);
  if (isWithinReach(nearest, targetBytes)) return undefined;
  return (
    `${ladder.codec.name} has no file within ${100 * REACH} % of ${Math.round(targetBytes)} bytes; ` +
    `the nearest has ${nearest.sizeBytes}`
  );
}

function mismatchOf([a, b]: readonly [Rung, Rung]): number {
  return Math.abs(a.sizeBytes - b.sizeBytes) / Math.min(a.sizeBytes, b.sizeBytes);
}

import { MAX_QUALITY_POSITION } from '../geometry.js';

/** A picture coded at some quality position. */
export interface Candidate {
  /** Position the candidate was coded at; it may lie below the one that was asked for. */
  readonly position: number;
  /** Size of the whole file. */
  readonly sizeBytes: number;
}

/**
 * Finds the best position by bisection over all 2048, so that file sizes never fall as the position asked for
 * rises.
 *
 * A raw size may jitter by a few bytes from one position to the next, because a coefficient that crosses a
 * rounding threshold can become cheaper. The bisection tree straightens that: a candidate smaller than its left
 * neighbour in the tree, or larger than its right one, is replaced by that neighbour. Every position then has a
 * size between those of the nodes around it, whatever the raw sizes are, at 13 codings a search.
 *
 * @param codeAt - Codes at one position.
 * @param fits - Whether a position is not too high; must be true up to some point and false from there on, for
 *   sizes that grow with the position. `(position) => position <= wanted` finds the candidate for a position,
 *   `(_, candidate) => candidate.sizeBytes <= target` the largest file within a target.
 * @returns The last candidate that fits, or the one at position 0 when none does.
 */
export async function searchPosition<C extends Candidate>(
  codeAt: (position: number) => Promise<C>,
  fits: (position: number, candidate: C) => boolean,
): Promise<C> {
  let low = await codeAt(0);
  if (!fits(0, low)) return low;
  let high = orAtLeast(low, await codeAt(MAX_QUALITY_POSITION));
  if (fits(MAX_QUALITY_POSITION, high)) return high;
  for (let from = 0, to = MAX_QUALITY_POSITION; to - from > 1; ) {
    const middle = (from + to) >> 1;
    const raw = orAtLeast(low, await codeAt(middle));
    const candidate = raw.sizeBytes > high.sizeBytes ? high : raw;
    if (fits(middle, candidate)) [from, low] = [middle, candidate];
    else [to, high] = [middle, candidate];
  }
  return low;
}

function orAtLeast<C extends Candidate>(low: C, candidate: C): C {
  return candidate.sizeBytes < low.sizeBytes ? low : candidate;
}

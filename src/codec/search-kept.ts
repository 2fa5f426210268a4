import { MAX_QUALITY_POSITION } from '../geometry.js';
import type { Candidate } from './search-position.js';

/** A candidate, and whether networks say of it what they said of the picture. */
export interface Tried<C extends Candidate> {
  readonly candidate: C;
  readonly keeps: boolean;
}

/** Positions that are climbed: from one to the next a file grows by half or so. */
const RUNGS = [0, 256, 512, 768, 1024, 1280, 1536, 1792, MAX_QUALITY_POSITION] as const;

/** Positions within which a plain search ends: some 3 % of a file, as near as targets come. */
const STEP = 16;

/** The same for refined files, each of which costs many times as much. */
const REFINED_STEP = 64;

/** Tries that {@link climbToKept} takes at the most. */
export const MOST_TRIES = RUNGS.length + Math.log2(256 / STEP);

/** Tries that {@link descendRefined} takes at the most. */
export const MOST_REFINED_TRIES = 1 + Math.log2((MAX_QUALITY_POSITION + 1) / REFINED_STEP);

/**
 * Finds the lowest position at which answers are kept. Answers come and go near to where they begin to be kept, so nothing is
 * concluded from a position about those that were not tried: the search climbs from the bottom, in eight steps, to the first
 * that keeps, and halves what lies between it and the one below. What it gives was tried and keeps; the position 16 below
 * it, or nearer, was tried and does not.
 *
 * @param tryAt - Codes at a position and compares.
 * @returns The smallest of those that keep; the last rung, of the best quality, where none does.
 */
export async function climbToKept<C extends Candidate>(
  tryAt: (position: number) => Promise<Tried<C>>,
): Promise<Tried<C>> {
  let last: Tried<C> | undefined;
  let below = -1;
  for (const rung of RUNGS) {
    last = await tryAt(rung);
    if (last.keeps) return descend(tryAt, below, last, STEP);
    below = rung;
  }
  return last!;
}

/**
 * Finds a smaller file than a plain one among refined ones: at its position, and where that keeps, below it.
 *
 * @param tryAt - Refines at a position and compares.
 * @returns The smallest that keeps, the plain one among them; the plain one where none does.
 */
export async function descendRefined<C extends Candidate>(
  tryAt: (position: number) => Promise<Tried<C>>,
  plain: Tried<C>,
): Promise<Tried<C>> {
  const first = await tryAt(plain.candidate.position);
  if (!first.keeps) return plain;
  const refined = await descend(tryAt, -1, first, REFINED_STEP);
  return plain.keeps ? smaller(plain, refined) : refined;
}

/** Halves the positions between one that does not keep and one that does. */
async function descend<C extends Candidate>(
  tryAt: (position: number) => Promise<Tried<C>>,
  below: number,
  kept: Tried<C>,
  step: number,
): Promise<Tried<C>> {
  let best = kept;
  for (let [low, high] = [below, kept.candidate.position]; high - low > step; ) {
    const middle = (low + high) >> 1;
    const tried = await tryAt(middle);
    if (tried.keeps) [high, best] = [middle, smaller(best, tried)];
    else low = middle;
  }
  return best;
}

function smaller<C extends Candidate>(a: Tried<C>, b: Tried<C>): Tried<C> {
  return b.candidate.sizeBytes <= a.candidate.sizeBytes ? b : a;
}

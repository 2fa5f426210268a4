import { Mulberry32 } from '../evaluation/mulberry32.js';
import type { SiteTrial, StudySite } from './study-format.js';

/** A trial as one rater sees it. */
export interface DrawnTrial extends SiteTrial {
  readonly left: string;
  readonly right: string;
}

/**
 * The trials of one rater in their order: about as many comparisons of every group, each check once, spread over the
 * session; sides tossed for each. The same study and rater give the same trials.
 */
export function drawTrials(site: StudySite, rater: string): DrawnTrial[] {
  const random = new Mulberry32(seedOf(`${site.id}/${rater}`));
  const comparisons = apart(shuffled(drawComparisons(site, random), random));
  const order: SiteTrial[] = [...comparisons];
  const checks = shuffled(site.checks, random);
  for (const [i, check] of checks.entries()) {
    // One check at a random place of each of as many equal parts; those before it have moved it on.
    const part = comparisons.length / checks.length;
    const place = Math.floor(part * (i + random.next() / 2 ** 32)) + i;
    order.splice(placeApart(order, check, place, Math.floor(part * (i + 1)) + i), 0, check);
  }
  return order.map((trial) => {
    const [first, second] = trial.files;
    const isSwapped = random.below(2) === 1;
    return { ...trial, left: isSwapped ? second : first, right: isSwapped ? first : second };
  });
}

/** Goes round the groups, each time taking one of each that is left in it, until there are enough. */
function drawComparisons(
  { comparisons, comparisonsPerRater }: StudySite,
  random: Mulberry32,
): readonly SiteTrial[] {
  const groups = new Map<number, SiteTrial[]>();
  for (const { group, ...trial } of comparisons) groups.set(group, [...(groups.get(group) ?? []), trial]);
  const piles = shuffled([...groups.values()], random).map((pile) => shuffled(pile, random));
  const drawn: SiteTrial[] = [];
  for (let round = 0; drawn.length < Math.min(comparisonsPerRater, comparisons.length); round++) {
    for (const pile of piles) {
      const trial = pile[round];
      if (trial !== undefined && drawn.length < comparisonsPerRater) drawn.push(trial);
    }
  }
  return drawn;
}

/** Moves trials so that the same original does not come twice in a row, as far as a single pass can. */
function apart(trials: readonly SiteTrial[]): SiteTrial[] {
  const rest = [...trials];
  const order: SiteTrial[] = [];
  while (rest.length > 0) {
    const last = order.at(-1)?.original;
    const other = rest.findIndex(({ original }) => original !== last);
    order.push(...rest.splice(Math.max(0, other), 1));
  }
  return order;
}

/** The first place from one on, and up to another, beside which the original of a trial does not stand; the first if none. */
function placeApart(order: readonly SiteTrial[], { original }: SiteTrial, from: number, to: number): number {
  for (let place = from; place <= to; place++) {
    if (order[place - 1]?.original !== original && order[place]?.original !== original) return place;
  }
  return from;
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: Mulberry32): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** 32 bits of a text: FNV-1a over its UTF-16 units. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

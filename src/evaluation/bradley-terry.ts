import { UsageError } from '../errors.js';

/** Strengths, or why the votes give none. */
export type BradleyTerryResult =
  | {
      readonly kind: 'scores';
      /** [items]: natural logarithms of the strengths, 0 in the mean. */
      readonly scores: readonly number[];
    }
  | { readonly kind: 'unidentified'; readonly reason: string };

/** Settings of the fit. */
export interface BradleyTerryOptions {
  /**
   * Votes that every pair that was compared gets in each direction besides its own; 0 unless given. A little keeps
   * scores finite where one item never lost, and draws all of them together.
   */
  readonly priorVotes?: number | undefined;
}

/** A score changes by less when the fit is done. */
const TOLERANCE = 1e-10;
const MAX_STEPS = 20_000;

/**
 * Scores of items from votes between pairs of them, such that i is preferred to j with the probability
 * 1 / (1 + exp(score[j] - score[i])): the model of Bradley and Terry (1952), fitted to the largest likelihood by
 * minorisation and maximisation (Hunter 2004, equation 3).
 *
 * @param votes - [items][items]: how often the first was preferred to the second; the diagonal does not count.
 * @returns `unidentified` where items were never compared, not even by way of others, or where, without `priorVotes`, a
 * group of them never lost to the rest, so that its scores would be infinite (Ford 1957).
 * @throws UsageError `bad-count` for votes below 0, `length-mismatch` where the votes are not square.
 */
export function bradleyTerry(
  votes: readonly (readonly number[])[],
  { priorVotes = 0 }: BradleyTerryOptions = {},
): BradleyTerryResult {
  const wins = withPrior(votes, priorVotes);
  const problem = findGap(wins);
  if (problem !== undefined) return { kind: 'unidentified', reason: problem };
  const won = wins.map((row) => row.reduce((sum, count) => sum + count, 0));
  let scores = wins.map(() => 0);
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = centred(improved(scores, wins, won));
    const change = Math.max(...next.map((score, i) => Math.abs(score - scores[i]!)));
    scores = next;
    if (change < TOLERANCE) break;
  }
  return { kind: 'scores', scores };
}

/** One step of the fit: each strength is its wins over what it would win against the others if all were equal. */
function improved(scores: readonly number[], wins: readonly number[][], won: readonly number[]): number[] {
  return scores.map((score, i) => {
    let expected = 0;
    for (let j = 0; j < scores.length; j++) {
      const compared = wins[i]![j]! + wins[j]![i]!;
      if (compared > 0) expected += compared / (Math.exp(score) + Math.exp(scores[j]!));
    }
    return expected === 0 ? score : Math.log(won[i]! / expected);
  });
}

function centred(scores: readonly number[]): number[] {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return scores.map((score) => score - mean);
}

function withPrior(votes: readonly (readonly number[])[], priorVotes: number): number[][] {
  if (votes.some((row) => row.length !== votes.length)) {
    throw new UsageError('length-mismatch', 'votes must be a square of as many rows as columns');
  }
  if (votes.some((row) => row.some((count) => !(count >= 0 && Number.isFinite(count))))) {
    throw new UsageError('bad-count', 'votes must be numbers of at least 0');
  }
  return votes.map((row, i) =>
    row.map((count, j) => {
      if (i === j) return 0;
      return count + votes[j]![i]! > 0 ? count + priorVotes : 0;
    }),
  );
}

/** Why the likelihood has no single largest value: it has one if from every item a chain of wins leads to every other. */
function findGap(wins: readonly (readonly number[])[]): string | undefined {
  if (wins.length < 2) return 'there are fewer than two items';
  const beats = (i: number, j: number) => wins[i]![j]! > 0;
  const meets = (i: number, j: number) => beats(i, j) || beats(j, i);
  const isEverywhere = (leads: (i: number, j: number) => boolean) =>
    reached(wins.length, leads) === wins.length;
  if (!isEverywhere(meets)) return 'not all items were compared, not even by way of others';
  if (isEverywhere(beats) && isEverywhere((i, j) => beats(j, i))) return undefined;
  return 'some items never lost to the others';
}

/** How many items chains lead to from the first. */
function reached(count: number, leads: (i: number, j: number) => boolean): number {
  const seen = new Set([0]);
  // A set is walked through with what is added on the way.
  for (const i of seen) {
    for (let j = 0; j < count; j++) if (leads(i, j)) seen.add(j);
  }
  return seen.size;
}

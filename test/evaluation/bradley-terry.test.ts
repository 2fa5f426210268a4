import { describe, expect, test } from 'vitest';
import { bootstrapInterval } from '../../src/evaluation/bootstrap.js';
import { type BradleyTerryResult, bradleyTerry } from '../../src/evaluation/bradley-terry.js';
import { Mulberry32 } from '../../src/evaluation/mulberry32.js';
import { expectClose } from './fixtures.js';

function scoresOf(result: BradleyTerryResult): readonly number[] {
  if (result.kind !== 'scores') throw new Error(result.reason);
  return result.scores;
}

test('baseball of 1987 has the published scores', () => {
  // American League, eastern division: Agresti, Categorical Data Analysis, 1990, section 10.6. Milwaukee, Detroit, Toronto,
  // New York, Boston, Cleveland, Baltimore; the scores relative to the last as BradleyTerry2 gives them.
  const wins = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
  ];
  const scores = scoresOf(bradleyTerry(wins));
  const published = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0];
  for (const [i, score] of scores.entries()) expectClose(score - scores[6]!, published[i]!, 5e-5);
  expectClose(
    scores.reduce((sum, score) => sum + score, 0),
    0,
  );
  // Newton's method in numpy.
  expectClose(scores[0]!, 0.5311533406521312, 1e-8);
});

test('two items have the logarithm of their odds', () => {
  const scores = scoresOf(
    bradleyTerry([
      [0, 30],
      [10, 0],
    ]),
  );
  expectClose(scores[0]! - scores[1]!, Math.log(3), 1e-9);
});

describe('votes that give no scores', () => {
  const neverLost = [
    [0, 5, 3],
    [0, 0, 2],
    [0, 1, 0],
  ];
  test('of an item that never lost, unless there are prior votes', () => {
    expect(bradleyTerry(neverLost)).toEqual({
      kind: 'unidentified',
      reason: 'some items never lost to the others',
    });
    const scores = scoresOf(bradleyTerry(neverLost, { priorVotes: 0.5 }));
    expect(scores[0]).toBeGreaterThan(scores[1]!);
    expect(scores[1]).toBeGreaterThan(scores[2]!);
  });

  test('of items that never met', () => {
    const apart = [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ];
    expect(bradleyTerry(apart, { priorVotes: 0.5 })).toMatchObject({
      reason: 'not all items were compared, not even by way of others',
    });
    expect(bradleyTerry([[0]])).toMatchObject({ kind: 'unidentified' });
  });

  test('that make no sense', () => {
    expect(() => bradleyTerry([[0, 1]])).toThrow(/square/);
    expect(() =>
      bradleyTerry([
        [0, -1],
        [1, 0],
      ]),
    ).toThrow(/at least 0/);
  });
});

describe('simulated raters', () => {
  const strengths = [1.2, 0.4, -0.3, -1.3];
  const pairs = strengths.flatMap((_, i) => strengths.slice(i + 1).map((_, k) => [i, i + 1 + k] as const));

  /** [raters][items][items] of votes by the model itself, each rater asked five times about each pair. */
  function simulate(raters: number, seed: number): number[][][] {
    const random = new Mulberry32(seed);
    return Array.from({ length: raters }, () => {
      const votes = strengths.map(() => strengths.map(() => 0));
      for (const [i, j] of pairs) {
        for (let time = 0; time < 5; time++) {
          const chance = 1 / (1 + Math.exp(strengths[j]! - strengths[i]!));
          if (random.next() / 2 ** 32 < chance) votes[i]![j]!++;
          else votes[j]![i]!++;
        }
      }
      return votes;
    });
  }

  const pooled = (raters: readonly number[][][], counts?: ArrayLike<number>) =>
    strengths.map((_, i) =>
      strengths.map((_, j) =>
        raters.reduce((sum, votes, rater) => sum + (counts?.[rater] ?? 1) * votes[i]![j]!, 0),
      ),
    );

  test('have the scores that they were made with', () => {
    const scores = scoresOf(bradleyTerry(pooled(simulate(400, 7))));
    for (const [i, score] of scores.entries()) expect(Math.abs(score - strengths[i]!)).toBeLessThan(0.08);
  });

  test('have them within bootstrap intervals about as often as these promise', () => {
    let [within, all] = [0, 0];
    for (let study = 0; study < 40; study++) {
      const raters = simulate(20, 100 + study);
      for (const [i, strength] of strengths.entries()) {
        const interval = bootstrapInterval(
          (counts) => scoresOf(bradleyTerry(pooled(raters, counts), { priorVotes: 0.5 }))[i],
          raters.length,
          { resamples: 100, seed: study },
        );
        if (interval.kind !== 'interval') throw new Error(interval.reason);
        if (interval.low <= strength && strength <= interval.high) within++;
        all++;
      }
    }
    expect(within / all).toBeGreaterThan(0.87);
    expect(within / all).toBeLessThan(0.99);
  });
});

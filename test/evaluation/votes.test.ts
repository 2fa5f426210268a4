import { describe, expect, test } from 'vitest';
import { chanceOfGuessing, wilsonInterval } from '../../src/evaluation/binomial.js';
import { Mulberry32 } from '../../src/evaluation/mulberry32.js';
import { raterAgreement } from '../../src/evaluation/rater-agreement.js';
import { expectClose } from './fixtures.js';

describe('Wilson intervals', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%d of %d as published', (hits, trials, low, high) => {
    const interval = wilsonInterval(hits, trials);
    expectClose(interval.low, low, 5e-5);
    expectClose(interval.high, high, 5e-5);
  });

  test('mirror each other, ends included', () => {
    const [few, many] = [wilsonInterval(0, 7), wilsonInterval(7, 7)];
    expect(few.low).toBe(0);
    expect(many.high).toBe(1);
    expectClose(few.high, 1 - many.low, 1e-12);
  });

  test('hold the true share about as often as they promise', () => {
    const random = new Mulberry32(3);
    let held = 0;
    for (let time = 0; time < 2000; time++) {
      let hits = 0;
      for (let trial = 0; trial < 40; trial++) if (random.next() / 2 ** 32 < 0.7) hits++;
      const { low, high } = wilsonInterval(hits, 40);
      if (low <= 0.7 && 0.7 <= high) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.93);
    expect(held / 2000).toBeLessThan(0.97);
  });

  test.each([
    [1, 0],
    [-1, 3],
    [4, 3],
    [Number.NaN, 3],
  ])('of %d in %d make no sense', (hits, trials) => {
    expect(() => wilsonInterval(hits, trials)).toThrow(/makes no sense/);
  });
});

// Sums of binomial coefficients in Python.
test.each([
  [0, 8, 1],
  [5, 8, 0.36328125],
  [7, 8, 0.03515625],
  [8, 8, 0.00390625],
  [60, 100, 0.028443966820490395],
])('at least %d of %d by tossing a coin', (hits, trials, chance) => {
  expectClose(chanceOfGuessing(hits, trials), chance, 1e-12);
});

describe('agreement', () => {
  test('is 1 where all say the same, -1 where two contradict each other, undefined for a single rater', () => {
    const all = raterAgreement([
      [4, 0],
      [0, 4],
    ]);
    expect(all).toEqual({ pairs: 12, agreement: 1, coefficient: 1 });
    expect(raterAgreement([[1, 1]])).toEqual({ pairs: 1, agreement: 0, coefficient: -1 });
    expect(
      raterAgreement([
        [1, 0],
        [0, 1],
      ]),
    ).toBeUndefined();
  });

  test('is the coefficient of Kendall and Babington Smith', () => {
    // Their formula for m raters who all answered: u = 8 S / (m (m - 1) n (n - 1)) - 1, S the sum of the binomial
    // coefficients of two over all cells; here n = 4 items, so 6 questions, of m = 5 raters.
    const questions = [
      [5, 0],
      [4, 1],
      [3, 2],
      [1, 4],
      [2, 3],
      [5, 0],
    ] as const;
    const S = 10 + 6 + (3 + 1) + 6 + (1 + 3) + 10;
    expectClose(raterAgreement(questions)!.coefficient, (8 * S) / (5 * 4 * 4 * 3) - 1, 1e-12);
  });

  test('is about 0 for raters who toss coins', () => {
    const random = new Mulberry32(11);
    const questions = Array.from({ length: 3000 }, () => {
      const first = Array.from({ length: 6 }, () => random.below(2)).reduce((sum, one) => sum + one, 0);
      return [first, 6 - first] as const;
    });
    expect(Math.abs(raterAgreement(questions)!.coefficient)).toBeLessThan(0.02);
  });
});

import { expect, test } from 'vitest';
import { agreementHits, meanScore, topHits } from '../../src/evaluation/classification-accuracy.js';

const rankings = [[3, 1, 2], [0, 2], [], [5, 4]];

test('top-k hits', () => {
  expect(topHits(rankings, [3, 2, 0, 9], 1)).toEqual([1, 0, 0, 0]);
  expect(topHits(rankings, [2, 2, 0, 4], 2)).toEqual([0, 1, 0, 1]);
  expect(topHits(rankings, [2, 2, 0, 4], 5)).toEqual([1, 1, 0, 1]);
});

test('agreement looks at the best answer only', () => {
  expect(agreementHits(rankings, [[3], [2, 0], [], []])).toEqual([1, 0, 1, 0]);
});

test('means, each picture as often as it counts', () => {
  expect(meanScore([1, 0, 1, 1])).toBe(0.75);
  expect(meanScore([1, 0, 1, 1], [0, 3, 1, 0])).toBe(0.25);
  expect(meanScore([], [])).toBeUndefined();
  expect(meanScore([1], [0])).toBeUndefined();
});

test('lists of different lengths are refused', () => {
  const mismatch = expect.objectContaining({ code: 'length-mismatch' });
  expect(() => topHits(rankings, [1], 1)).toThrow(mismatch);
  expect(() => agreementHits(rankings, [[1]])).toThrow(mismatch);
  expect(() => meanScore([1, 2], [1])).toThrow(mismatch);
});

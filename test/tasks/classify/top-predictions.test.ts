import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topPredictions } from '../../../src/tasks/classify/top-predictions.js';

const classes = Array.from({ length: 8 }, (_, index) => ({
  index,
  wnid: `n${index}`,
  label: `class ${index}`,
}));

describe('topPredictions', () => {
  test('softmax of known logits, best first', () => {
    const logits = Float32Array.from([0, Math.log(2), Math.log(5), 0, 0, 0, 0, 0]);
    const predictions = topPredictions(logits, classes, { top: 3 });
    expect(predictions.map(({ index }) => index)).toEqual([2, 1, 0]);
    expect(predictions.map(({ score }) => Number(score.toFixed(6)))).toEqual(
      [5 / 13, 2 / 13, 1 / 13].map((score) => Number(score.toFixed(6))),
    );
    expect(predictions[0]).toMatchObject({ wnid: 'n2', label: 'class 2' });
  });

  test('equal scores come in the order of the classes', () => {
    const predictions = topPredictions(new Float32Array(8), classes);
    expect(predictions.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  test('the best are those of all classes in order, whatever is asked for', () => {
    // Few different values, so that scores are equal where the answer ends, too.
    const logit = fc.integer({ min: 0, max: 3 });
    const smallest = fc.constantFrom(0, 0.05, 0.2);
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 0, max: 9 }),
        smallest,
        (values, top, minScore) => {
          const sum = values.reduce((total, value) => total + Math.exp(value), 0);
          const expected = values
            .map((value, index) => ({ index, value }))
            .sort((a, b) => b.value - a.value || a.index - b.index)
            .slice(0, top)
            .filter(({ value }) => Math.exp(value) / sum >= minScore);
          const predictions = topPredictions(Float32Array.from(values), classes, { top, minScore });
          expect(predictions.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
        },
      ),
    );
  });

  test('a smallest score leaves the others out', () => {
    const logits = Float32Array.from([9, 0, 0, 0, 0, 0, 0, 0]);
    expect(topPredictions(logits, classes, { minScore: 0.5 })).toHaveLength(1);
    expect(topPredictions(new Float32Array(8), classes, { minScore: 0.5 })).toEqual([]);
  });

  test('scores sum to 1 and do not overflow, whatever the logits', () => {
    const logit = fc.double({ min: -1e30, max: 1e30, noNaN: true });
    fc.assert(
      fc.property(fc.array(logit, { minLength: 8, maxLength: 8 }), (values) => {
        const predictions = topPredictions(Float32Array.from(values), classes, { top: 100 });
        expect(predictions).toHaveLength(8);
        expect(predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 12);
        for (let i = 1; i < 8; i++) {
          expect(predictions[i]!.score).toBeLessThanOrEqual(predictions[i - 1]!.score);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BjontegaardResult,
  bdAccuracy,
  bdRate,
  isotonicFit,
  type RatePoint,
} from '../../src/evaluation/bjontegaard.js';
import { integratePiecewiseCubic } from '../../src/evaluation/piecewise-cubic.js';
import { expectClose, readCases } from './fixtures.js';

type Pair = [rate: number, accuracy: number];

interface CurveCase {
  name: string;
  anchor: Pair[];
  test: Pair[];
  published?: { bdRate: number };
  expected: {
    bdRate: number | null;
    bdRateShare: number;
    bdAccuracy: number | null;
    bdAccuracyShare: number;
  };
}

const pointsOf = (curve: readonly Pair[]): RatePoint[] =>
  curve.map(([rate, accuracy]) => ({ rate, accuracy }));

function expectResult(result: BjontegaardResult, value: number | null, share: number): void {
  if (result.kind === 'unusable-curve') throw new Error(result.reason);
  expect(result.kind).toBe(value === null ? 'no-overlap' : 'value');
  if (result.kind === 'value') expectClose(result.value, value);
  expectClose(result.overlap.share, share);
}

describe('as scipy:', () => {
  test.each(readCases<CurveCase>('curves').map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, entry) => {
      const [anchor, other, options] = [pointsOf(entry.anchor), pointsOf(entry.test), { minOverlap: 0 }];
      const { expected } = entry;
      expectResult(bdRate(anchor, other, options), expected.bdRate, expected.bdRateShare);
      expectResult(bdAccuracy(anchor, other, options), expected.bdAccuracy, expected.bdAccuracyShare);
      if (entry.published === undefined) return;
      const result = bdRate(anchor, other);
      expect(result.kind === 'value' && Math.abs(result.value - entry.published.bdRate) < 1e-6).toBe(true);
    },
  );
});

const rising = pointsOf([
  [100, 0.3],
  [200, 0.5],
  [400, 0.6],
  [800, 0.65],
]);

describe('a delta has the meaning it should have', () => {
  test('half the rate everywhere is -50 %', () => {
    const halved = rising.map(({ rate, accuracy }) => ({ rate: rate / 2, accuracy }));
    expect(bdRate(rising, halved)).toMatchObject({
      kind: 'value',
      overlap: { from: 0.3, to: 0.65, share: 1 },
    });
    const result = bdRate(rising, halved);
    expectClose(result.kind === 'value' ? result.value : undefined, -50);
  });

  test('0.05 more everywhere is 0.05', () => {
    const better = rising.map(({ rate, accuracy }) => ({ rate, accuracy: accuracy + 0.05 }));
    const result = bdAccuracy(rising, better);
    expectClose(result.kind === 'value' ? result.value : undefined, 0.05);
    expectClose(result.kind === 'value' ? result.overlap.from : undefined, 100);
    expectClose(result.kind === 'value' ? result.overlap.to : undefined, 800);
  });

  test('the order of points and the unit of rate do not matter', () => {
    const other = pointsOf([
      [90, 0.33],
      [310, 0.55],
      [700, 0.66],
    ]);
    const scaled = (points: RatePoint[]) =>
      [...points].reverse().map(({ rate, accuracy }) => ({ rate: rate / 8, accuracy }));
    const [a, b] = [bdRate(rising, other), bdRate(scaled(rising), scaled(other))];
    expectClose(a.kind === 'value' ? a.value : undefined, b.kind === 'value' ? b.value : null);
  });

  test('exchanging the curves inverts the ratio', () => {
    const accuracies = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(accuracies, accuracies, (first, second) => {
        const [a, b] = [first, second].map((values) =>
          values.map((value, i) => ({ rate: 100 * 2 ** i, accuracy: value / 100 })),
        ) as [RatePoint[], RatePoint[]];
        const [forth, back] = [bdRate(a, b), bdRate(b, a)];
        expect(forth.kind).toBe(back.kind);
        if (forth.kind !== 'value' || back.kind !== 'value') return;
        expectClose((1 + forth.value / 100) * (1 + back.value / 100), 1);
      }),
    );
  });
});

describe('curves that do not rise', () => {
  test('are fitted, and the result says which', () => {
    const falling = pointsOf([
      [100, 0.3],
      [200, 0.5],
      [400, 0.48],
      [800, 0.65],
    ]);
    expect(bdRate(rising, falling)).toMatchObject({
      kind: 'value',
      monotoneFit: { anchor: false, test: true },
    });
    expect(bdAccuracy(falling, rising)).toMatchObject({
      kind: 'value',
      monotoneFit: { anchor: true, test: false },
    });
  });

  test('a plateau is one accuracy for BD-rate and no reason to fit for BD-accuracy', () => {
    const plateau = pointsOf([
      [100, 0.3],
      [200, 0.5],
      [400, 0.5],
    ]);
    expect(bdRate(plateau, rising)).toMatchObject({ kind: 'value', monotoneFit: { anchor: true } });
    expect(bdAccuracy(plateau, rising)).toMatchObject({ kind: 'value', monotoneFit: { anchor: false } });
  });
});

describe('no delta without saying why:', () => {
  test.each([
    ['better throughout', [0.7, 0.8], 'above'],
    ['worse throughout', [0.1, 0.2], 'below'],
  ])('%s', (_name, [low, high], place) => {
    const other = pointsOf([
      [100, low!],
      [200, high!],
    ]);
    const result = bdRate(rising, other);
    expect(result).toMatchObject({ kind: 'no-overlap', overlap: { share: 0 } });
    expect('reason' in result && result.reason).toContain(`lie ${place} the anchor's`);
  });

  test('too little in common', () => {
    const other = pointsOf([
      [500, 0.6],
      [900, 0.9],
    ]);
    const result = bdRate(rising, other);
    expect(result).toMatchObject({ kind: 'overlap-too-small' });
    expect('reason' in result && result.reason).toBe(
      "the curves share 16.7 % of the shorter one's range of accuracies, less than 25.0 %",
    );
    expect(bdRate(rising, other, { minOverlap: 0.1 }).kind).toBe('value');
  });

  test.each([
    ['one point', [[100, 0.5]]],
    [
      'one accuracy',
      [
        [100, 0.5],
        [200, 0.5],
      ],
    ],
    ['none', []],
  ] as [string, Pair[]][])('%s', (_name, curve) => {
    const result = bdRate(rising, pointsOf(curve));
    expect(result).toEqual({
      kind: 'unusable-curve',
      reason: 'the test curve has fewer than two different accuracies',
    });
  });

  test('one rate', () => {
    expect(bdAccuracy([rising[0]!], rising)).toEqual({
      kind: 'unusable-curve',
      reason: 'the anchor curve has fewer than two different rates',
    });
  });
});

test.each([
  [{ rate: 0, accuracy: 0.5 }],
  [{ rate: -1, accuracy: 0.5 }],
  [{ rate: Number.POSITIVE_INFINITY, accuracy: 0.5 }],
  [{ rate: 1, accuracy: Number.NaN }],
])('a curve with %j is refused', (point) => {
  for (const delta of [bdRate, bdAccuracy]) {
    expect(() => delta([point], rising)).toThrow(expect.objectContaining({ code: 'bad-curve' }));
  }
});

test.each([-0.1, 1.1, Number.NaN])('an overlap of %s is refused', (minOverlap) => {
  expect(() => bdRate(rising, rising, { minOverlap })).toThrow(
    expect.objectContaining({ code: 'bad-overlap' }),
  );
});

describe('isotonicFit', () => {
  test.each([
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [3, 2, 1],
      [2, 2, 2],
    ],
    [
      [1, 3, 2, 4],
      [1, 2.5, 2.5, 4],
    ],
    [
      [4, 5, 1, 6],
      [10 / 3, 10 / 3, 10 / 3, 6],
    ],
    [[], []],
  ])('%j', (values, expected) => {
    expect(isotonicFit(values)).toEqual(expected);
  });
});

test('a straight line integrates exactly, and a part of it', () => {
  expectClose(integratePiecewiseCubic([0, 1, 4], [1, 3, 9], 0, 4), 20);
  expectClose(integratePiecewiseCubic([0, 1, 4], [1, 3, 9], 0.5, 2), 5.25);
});

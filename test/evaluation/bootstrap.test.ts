import { describe, expect, test } from 'vitest';
import { bootstrapInterval } from '../../src/evaluation/bootstrap.js';
import {
  bootstrapBdAccuracy,
  bootstrapBdRate,
  type SampledPoint,
} from '../../src/evaluation/bootstrap-bjontegaard.js';
import { meanScore } from '../../src/evaluation/classification-accuracy.js';
import { Mulberry32 } from '../../src/evaluation/mulberry32.js';
import { expectClose, readCases } from './fixtures.js';

interface MeasuredPoint {
  bytes: number[];
  hits: number[];
}

interface ExpectedInterval {
  low: number;
  high: number;
  used: number;
}

interface BootstrapCase {
  seed: number;
  resamples: number;
  confidence: number;
  anchor: MeasuredPoint[];
  test: MeasuredPoint[];
  expected: { bdRate: ExpectedInterval; bdAccuracy: ExpectedInterval };
}

const sampled = (points: readonly MeasuredPoint[]): SampledPoint[] =>
  points.map(({ bytes, hits }) => ({ bytes, accuracy: (counts) => meanScore(hits, counts) }));

const [measured] = readCases<BootstrapCase>('bootstrap') as [BootstrapCase];
const [anchor, other] = [sampled(measured.anchor), sampled(measured.test)];

describe('intervals as numpy and scipy compute them:', () => {
  test.each([
    ['BD-rate', bootstrapBdRate, measured.expected.bdRate],
    ['BD-accuracy', bootstrapBdAccuracy, measured.expected.bdAccuracy],
  ] as const)('%s', (_name, bootstrap, expected) => {
    const { estimate, interval } = bootstrap(anchor, other, measured);
    expect(interval).toMatchObject({ kind: 'interval', resamples: measured.resamples, used: expected.used });
    if (interval.kind !== 'interval' || estimate.kind !== 'value') throw new Error('no interval');
    expectClose(interval.low, expected.low);
    expectClose(interval.high, expected.high);
    expect(estimate.value).toBeGreaterThan(interval.low);
    expect(estimate.value).toBeLessThan(interval.high);
  });
});

test('the same pictures are drawn for both curves: a codec against itself is exactly 0', () => {
  const { estimate, interval } = bootstrapBdRate(anchor, anchor, { resamples: 50 });
  expect(estimate).toMatchObject({ kind: 'value', value: 0 });
  expect(interval).toMatchObject({ kind: 'interval', low: 0, high: 0 });
});

test('the seed decides, and nothing else', () => {
  const interval = (seed: number) => bootstrapBdRate(anchor, other, { resamples: 50, seed }).interval;
  expect(interval(7)).toEqual(interval(7));
  expect(interval(7)).not.toEqual(interval(8));
});

test('curves that mostly do not meet have no interval, and the reason is said', () => {
  const better = measured.test.map(({ bytes }) => ({ bytes, hits: bytes.map(() => 1) }));
  const { estimate, interval } = bootstrapBdRate(anchor, sampled(better), { resamples: 20 });
  expect(estimate.kind).toBe('unusable-curve');
  expect(interval).toEqual({
    kind: 'unstable',
    reason: 'only 0 of 20 resamples give a figure',
    resamples: 20,
    used: 0,
  });
});

test('a point without accuracy gives no delta', () => {
  const silent = anchor.map(({ bytes }) => ({ bytes, accuracy: () => undefined }));
  const { estimate, interval } = bootstrapBdAccuracy(anchor, silent, { resamples: 5 });
  expect(estimate).toEqual({ kind: 'unusable-curve', reason: 'a point of a curve has no accuracy' });
  expect(interval.kind).toBe('unstable');
});

describe('bootstrapInterval', () => {
  test('counts of a draw sum to the pictures, and each picture is drawn once on average', () => {
    const sums = new Float64Array(10);
    bootstrapInterval(
      (counts) => {
        expect(counts.reduce((a, b) => a + b, 0)).toBe(10);
        counts.forEach((count, i) => {
          sums[i]! += count;
        });
        return 0;
      },
      10,
      { resamples: 500 },
    );
    // 5000 draws of 10 pictures: 500 each, with a standard deviation of 21.
    for (const sum of sums) expect(Math.abs(sum - 500)).toBeLessThan(100);
  });

  test('is the middle part of the figures, linear between them', () => {
    let figure = 0;
    const interval = bootstrapInterval(() => figure++, 1, { resamples: 101, confidence: 0.9 });
    expect(interval).toMatchObject({ kind: 'interval', resamples: 101, used: 101 });
    if (interval.kind !== 'interval') return;
    expectClose(interval.low, 5);
    expectClose(interval.high, 95);
  });

  test('a few resamples without a figure are left out and counted', () => {
    let draw = 0;
    const interval = bootstrapInterval(() => (draw++ < 2 ? undefined : 3), 1, { resamples: 50 });
    expect(interval).toEqual({ kind: 'interval', low: 3, high: 3, resamples: 50, used: 48 });
  });

  test.each([
    [0, {}, 'at least one picture, not 0'],
    [1, { resamples: 0 }, 'at least one resample, not 0'],
    [1, { confidence: 1 }, 'a confidence between 0 and 1, not 1'],
    [1, { seed: 0.5 }, 'a whole number as seed, not 0.5'],
  ])('refuses %s pictures with %j', (images, options, message) => {
    expect(() => bootstrapInterval(() => 0, images, options)).toThrow(message);
  });
});

test('points with different pictures are refused', () => {
  const short = { ...other[0]!, bytes: [1, 2, 3] };
  expect(() => bootstrapBdRate(anchor, [...other, short])).toThrow(
    expect.objectContaining({ code: 'length-mismatch' }),
  );
});

test('mulberry32 gives the numbers of its published code', () => {
  const random = new Mulberry32(1);
  expect([random.next(), random.next(), random.next()]).toEqual([2693262067, 11749833, 2265367787]);
});

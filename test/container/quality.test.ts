import fc from 'fast-check';
import { expect, test } from 'vitest';
import { positionToQuality, qualityToPosition } from '../../src/container/quality.js';
import { MAX_QUALITY_POSITION } from '../../src/geometry.js';

test.each([
  [1, 0],
  [1.02, 0],
  [1.03, 1],
  [50, 1013],
  [50.5, 1024],
  [75, 1530],
  [100, 2047],
])('quality %d has position %d', (quality, position) => {
  expect(qualityToPosition(quality)).toBe(position);
});

test('every position comes back', () => {
  for (let p = 0; p <= MAX_QUALITY_POSITION; p++) expect(qualityToPosition(positionToQuality(p))).toBe(p);
});

test('more quality is never a lower position', () => {
  const quality = fc.double({ min: 1, max: 100, noNaN: true });
  fc.assert(
    fc.property(quality, quality, (a, b) => {
      expect(Math.sign(b - a) * (qualityToPosition(b) - qualityToPosition(a))).toBeGreaterThanOrEqual(0);
    }),
  );
});

test.each([0, 0.99, 100.01, -5, Number.NaN, Infinity])('%d is no quality', (quality) => {
  expect(() => qualityToPosition(quality)).toThrow(
    expect.objectContaining({ name: 'UsageError', code: 'bad-quality' }),
  );
});

test.each([-1, 2048, 0.5, Number.NaN])('%d is no position', (position) => {
  expect(() => positionToQuality(position)).toThrow(RangeError);
});

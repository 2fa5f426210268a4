import { expect, test } from 'vitest';
import { LimitError, UsageError } from '../src/errors.js';
import { checkLimit, defaultLimits, resolveLimits } from '../src/limits.js';

test('what a caller leaves out has its default', () => {
  expect(resolveLimits()).toEqual(defaultLimits);
  expect(resolveLimits({ maxTiles: 0, maxPixels: undefined as unknown as number })).toEqual({
    ...defaultLimits,
    maxTiles: 0,
  });
});

test('the defaults let 100 megapixels through and stop 2^31 pixels', () => {
  expect(() => checkLimit(resolveLimits(), 'maxPixels', 100e6, 'x')).not.toThrow();
  expect(() => checkLimit(resolveLimits(), 'maxPixels', 2 ** 31, 'x')).toThrow(LimitError);
});

test('a limit can be switched off, and is itself allowed', () => {
  expect(() => checkLimit(resolveLimits({ maxPixels: Infinity }), 'maxPixels', 2 ** 64, 'x')).not.toThrow();
  expect(() => checkLimit(resolveLimits({ maxTiles: 4 }), 'maxTiles', 4, 'x')).not.toThrow();
});

test('the error names limit, value and remedy', () => {
  expect(() => checkLimit(resolveLimits({ maxTiles: 4 }), 'maxTiles', 5, 'The number of tiles')).toThrow(
    expect.objectContaining({
      exitCode: 7,
      limit: 'maxTiles',
      actual: 5,
      maximum: 4,
      message: expect.stringMatching(/The number of tiles is 5.*maxTiles = 4; raise/),
    }),
  );
});

test.each([-1, Number.NaN, '9'])('%j is no limit', (value) => {
  expect(() => resolveLimits({ maxTiles: value as number })).toThrow(UsageError);
});

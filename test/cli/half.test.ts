import { expect, test } from 'vitest';
import { toHalf } from '../../src/cli/half.js';

/** Value of a binary16 pattern, by the definition of the format. */
function valueOfHalf(half: number): number {
  const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const half = (value: number) => toHalf(Float32Array.of(value))[0]!;

test('every binary16 number comes back as it is', () => {
  for (let pattern = 0; pattern < 65536; pattern++) {
    const value = valueOfHalf(pattern);
    if (Number.isNaN(value)) expect(valueOfHalf(half(value))).toBeNaN();
    else expect(half(value)).toBe(pattern);
  }
});

test('what lies between two numbers goes to the nearer, in the middle to the even one', () => {
  for (let pattern = 0; pattern < 0x7bff; pattern++) {
    const [low, high] = [valueOfHalf(pattern), valueOfHalf(pattern + 1)];
    const middle = (low + high) / 2;
    const even = pattern % 2 === 0 ? pattern : pattern + 1;
    // All three are binary32 numbers.
    for (const sign of [0, 0x8000]) {
      const signed = (value: number) => half(sign === 0 ? value : -value);
      expect(signed(middle)).toBe(even | sign);
      expect(signed(low + (high - low) / 4)).toBe(pattern | sign);
      expect(signed(low + ((high - low) * 3) / 4)).toBe((pattern + 1) | sign);
    }
  }
});

test('what is too large is infinite, from the middle to the next power on', () => {
  expect(half(65504)).toBe(0x7bff);
  expect(half(65519.996)).toBe(0x7bff);
  expect(half(65520)).toBe(0x7c00);
  expect(half(-1e30)).toBe(0xfc00);
  expect(half(Number.POSITIVE_INFINITY)).toBe(0x7c00);
});

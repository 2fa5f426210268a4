import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, crc32OfInt32 } from '../../src/bytes/crc32.js';

test.each([
  ['', 0],
  ['a', 0xe8b7be43],
  ['123456789', 0xcbf43926],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('of %j is the published value', (text, value) => {
  expect(crc32(Buffer.from(text))).toBe(value);
});

test('agrees with zlib on anything, in one piece and in two', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const expected = zlibCrc32(bytes);
      expect(crc32(bytes)).toBe(expected);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(expected);
    }),
  );
});

test('takes integers as four little-endian bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 0, max: 0xffffffff }), (values, previous) => {
      const view = new DataView(new ArrayBuffer(4 * values.length));
      for (const [i, value] of values.entries()) view.setInt32(4 * i, value, true);
      expect(crc32OfInt32(Int32Array.from(values), previous)).toBe(
        crc32(new Uint8Array(view.buffer), previous),
      );
    }),
  );
});

test('finds every change of up to four bytes in a row', () => {
  const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 29) & 255);
  fc.assert(
    fc.property(fc.nat(56), fc.integer({ min: 1, max: 0xffffffff }), (at, change) => {
      const damaged = bytes.slice();
      for (let i = 0; i < 4; i++) damaged[at + i]! ^= (change >>> (8 * i)) & 255;
      expect(crc32(damaged)).not.toBe(crc32(bytes));
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSlice } from '../../src/bytes/byte-slice.js';
import { openWriter, writtenBytes } from '../../src/bytes/byte-writer.js';
import { MAX_VARINT, readVarint, writeVarint } from '../../src/bytes/varint.js';

function read(digits: string): number {
  return readVarint(openSlice(new Uint8Array(Buffer.from(digits, 'hex')), 'test'));
}

function write(value: number): string {
  const writer = openWriter();
  writeVarint(writer, value);
  return Buffer.from(writtenBytes(writer)).toString('hex');
}

test.each([
  [0, '00'],
  [127, '7f'],
  [128, '8001'],
  [300, 'ac02'],
  [16383, 'ff7f'],
  [16384, '808001'],
  [2 ** 31, '8080808008'],
  [MAX_VARINT, 'ffffffff0f'],
])('%d is %s', (value, digits) => {
  expect(write(value)).toBe(digits);
  expect(read(digits)).toBe(value);
});

test.each(['8000', '808000', 'ff00', 'ffffffff00', '8080808000'])('%s is longer than needed', (digits) => {
  expect(() => read(digits)).toThrow(expect.objectContaining({ code: 'not-canonical', offset: 0 }));
});

test.each(['8080808010', 'ffffffff1f', 'ffffffffff', '808080808001', '808080808000'])(
  '%s is too large',
  (digits) => {
    expect(() => read(digits)).toThrow(expect.objectContaining({ code: 'bad-varint', offset: 0 }));
  },
);

test.each(['', '80', 'ffffffff'])('%s ends too early', (digits) => {
  expect(() => read(digits)).toThrow(expect.objectContaining({ code: 'truncated', section: 'test' }));
});

test('every value has one encoding, and every encoding that is read is that one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 6 }), (bytes) => {
      const slice = openSlice(bytes, 'test');
      let value: number;
      try {
        value = readVarint(slice);
      } catch {
        return;
      }
      expect(write(value)).toBe(Buffer.from(bytes.subarray(0, slice.position)).toString('hex'));
    }),
    { numRuns: 2000 },
  );
});

test('values that do not fit are refused', () => {
  for (const value of [-1, 0.5, MAX_VARINT + 1, Number.NaN]) expect(() => write(value)).toThrow(RangeError);
});

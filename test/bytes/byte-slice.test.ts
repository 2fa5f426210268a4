import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  openSlice,
  readBytes,
  readHex,
  readU8,
  readU16Be,
  readU24Be,
  readU32Be,
  remainingBytes,
} from '../../src/bytes/byte-slice.js';
import {
  openWriter,
  writeBytes,
  writeHex,
  writeU8,
  writeU16Be,
  writeU24Be,
  writeU32Be,
  writtenBytes,
} from '../../src/bytes/byte-writer.js';
import { FormatError } from '../../src/errors.js';

const BYTES = Uint8Array.from([0x00, 0x80, 0xff, 0x01, 0xfe, 0x7f]);

describe('a slice', () => {
  test('reads big-endian numbers one after another', () => {
    const slice = openSlice(BYTES, 'test');
    expect(readU8(slice)).toBe(0);
    expect(readU16Be(slice)).toBe(0x80ff);
    expect(readU24Be(slice)).toBe(0x01fe7f);
    expect(remainingBytes(slice)).toBe(0);
  });

  test('reads four bytes as an unsigned number', () => {
    expect(readU32Be(openSlice(BYTES, 'test', 1))).toBe(0x80ff01fe);
  });

  test('starts and ends where it was told', () => {
    const slice = openSlice(BYTES, 'test', 2, 4);
    expect(readHex(slice, 2)).toBe('ff01');
    expect(() => readU8(slice)).toThrow(FormatError);
  });

  test('gives views on the file, not copies', () => {
    const view = readBytes(openSlice(BYTES, 'test', 1), 3);
    expect(view.buffer).toBe(BYTES.buffer);
    expect([...view]).toEqual([0x80, 0xff, 0x01]);
  });

  test('names structure and byte when it ends too early, and does not move', () => {
    const slice = openSlice(BYTES, 'tile 3', 3, 5);
    expect(() => readU32Be(slice)).toThrow(
      expect.objectContaining({
        code: 'truncated',
        section: 'tile 3',
        offset: 3,
        message: expect.stringContaining('4 bytes wanted, 2 left'),
      }),
    );
    expect(slice.position).toBe(3);
  });

  test.each([
    [-1, 2],
    [3, 2],
    [0, 7],
    [Number.NaN, 2],
  ])('cannot be opened from %d to %d of six bytes', (start, end) => {
    expect(() => openSlice(BYTES, 'test', start, end)).toThrow(RangeError);
  });
});

describe('a writer', () => {
  test('writes what the readers read', () => {
    const writer = openWriter(1);
    writeU8(writer, 255);
    writeU16Be(writer, 0x0102);
    writeU24Be(writer, 0xfffefd);
    writeU32Be(writer, 0xdeadbeef);
    writeHex(writer, '00aBfF');
    writeBytes(writer, BYTES);
    expect(Buffer.from(writtenBytes(writer)).toString('hex')).toBe('ff0102fffefddeadbeef00abff0080ff01fe7f');
  });

  test('refuses what does not fit instead of cutting it off', () => {
    const writer = openWriter();
    for (const value of [-1, 256, 1.5, Number.NaN]) expect(() => writeU8(writer, value)).toThrow(RangeError);
    expect(() => writeU16Be(writer, 65536)).toThrow(RangeError);
    expect(() => writeU32Be(writer, 2 ** 32)).toThrow(RangeError);
    for (const digits of ['0', '0g', '0x00']) expect(() => writeHex(writer, digits)).toThrow(RangeError);
    expect(writtenBytes(writer)).toHaveLength(0);
  });

  test('keeps every number of every width', () => {
    const number = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.array(number), (values) => {
        const writer = openWriter(1);
        for (const value of values) {
          writeU32Be(writer, value);
          writeU24Be(writer, value >>> 8);
          writeU16Be(writer, value >>> 16);
          writeU8(writer, value >>> 24);
        }
        const slice = openSlice(writtenBytes(writer), 'test');
        for (const value of values) {
          expect([readU32Be(slice), readU24Be(slice), readU16Be(slice), readU8(slice)]).toEqual([
            value,
            value >>> 8,
            value >>> 16,
            value >>> 24,
          ]);
        }
      }),
    );
  });
});

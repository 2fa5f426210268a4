import { FormatError } from '../errors.js';
import { type ByteSlice, readU8 } from './byte-slice.js';
import { type ByteWriter, writeU8 } from './byte-writer.js';

/** Largest value a varint holds: 2^32 - 1. */
export const MAX_VARINT = 0xffffffff;

/**
 * Reads an unsigned LEB128 number: seven bits a byte, least significant group first, the top bit set on all
 * bytes but the last. Each value has exactly one encoding (format-spec/v1/dicm-v1.md, section 2).
 *
 * @returns An integer from 0 to 2^32 - 1.
 * @throws FormatError `truncated`; `not-canonical` for a needlessly long encoding; `bad-varint` above 2^32 - 1.
 */
export function readVarint(slice: ByteSlice): number {
  const offset = slice.position;
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = readU8(slice);
    value += (byte & 0x7f) * scale;
    if (value > MAX_VARINT || (byte >= 0x80 && scale === 128 ** 4)) {
      throw new FormatError('bad-varint', 'The number is above 4294967295', {
        offset,
        section: slice.section,
      });
    }
    if (byte < 0x80) {
      if (byte === 0 && scale > 1) {
        throw new FormatError('not-canonical', `The number ${value} is written in more bytes than it needs`, {
          offset,
          section: slice.section,
        });
      }
      return value;
    }
  }
}

/** Writes `value` in as few bytes as LEB128 allows. @throws RangeError unless an integer from 0 to 2^32 - 1 */
export function writeVarint(writer: ByteWriter, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > MAX_VARINT) {
    throw new RangeError(`${value} does not fit a varint`);
  }
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) writeU8(writer, (rest % 128) + 128);
  writeU8(writer, rest);
}

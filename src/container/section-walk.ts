import { type ByteSlice, readU8, remainingBytes } from '../bytes/byte-slice.js';
import { readVarint } from '../bytes/varint.js';
import { FormatError, UnsupportedError } from '../errors.js';
import { CRITICAL_BIT, RESERVED_TAG_BIT, tagName } from './tags.js';

/** Where a section lies; its content is not looked at. */
export interface SectionPlace {
  tag: number;
  /** Offset of the tag byte. */
  offset: number;
  /** Offset of the content. */
  dataOffset: number;
  /** Size of the content in bytes. */
  dataBytes: number;
}

/**
 * Reads tag and length of the next section and steps over its content (format-spec/v1/dicm-v1.md, section 5).
 *
 * @throws FormatError `truncated` when tag or length are cut off, `bad-tag` for tag type 0, `not-canonical` or
 *   `bad-varint` for the length, `bad-length` when the content would end after the slice.
 * @throws UnsupportedError `reserved-bits` when the reserved bit of the tag is set.
 */
export function readSectionPlace(slice: ByteSlice): SectionPlace {
  const offset = slice.position;
  const tag = readU8(slice);
  if ((tag & ~CRITICAL_BIT) === 0) {
    throw new FormatError('bad-tag', `Tag 0x${tag.toString(16).padStart(2, '0')} is never used`, {
      offset,
      section: slice.section,
    });
  }
  if ((tag & RESERVED_TAG_BIT) !== 0) {
    throw new UnsupportedError(
      'reserved-bits',
      `The tag ${tagName(tag)} at byte ${offset} sets a bit that is reserved: a newer dicm is needed`,
    );
  }
  const dataBytes = readVarint(slice);
  const dataOffset = slice.position;
  if (dataBytes > remainingBytes(slice)) {
    throw new FormatError(
      'bad-length',
      `A section of ${dataBytes} bytes is declared where ${remainingBytes(slice)} are left`,
      { offset, section: `${slice.section}, ${tagName(tag)}` },
    );
  }
  slice.position += dataBytes;
  return { tag, offset, dataOffset, dataBytes };
}

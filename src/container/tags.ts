/** Bit of a tag byte that says whether a reader may skip a section it does not know. */
export const CRITICAL_BIT = 0x80;

/** Bit of a tag byte that is reserved: zero, refused otherwise. */
export const RESERVED_TAG_BIT = 0x40;

/** Range-coded stream of one tile and the check of its integers. Critical. */
export const TAG_TILE = 0x81;

/** An ICC profile, as in any other picture format. Ancillary, at most one. */
export const TAG_ICC = 0x02;

/** Exif metadata, starting at the TIFF header. Ancillary, at most one. */
export const TAG_EXIF = 0x03;

/** First of the ancillary tags that are free for private use; the last is 0x3f. */
export const FIRST_PRIVATE_TAG = 0x30;

/** Largest number of ancillary sections in a file. */
export const MAX_ANCILLARY_SECTIONS = 255;

/** Name of a tag byte: `tile`, `icc`, `exif`, or `0x` and two digits. */
export function tagName(tag: number): string {
  if (tag === TAG_TILE) return 'tile';
  if (tag === TAG_ICC) return 'icc';
  if (tag === TAG_EXIF) return 'exif';
  return `0x${tag.toString(16).padStart(2, '0')}`;
}

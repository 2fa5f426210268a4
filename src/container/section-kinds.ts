import { type ByteSlice, readU8, remainingBytes } from '../bytes/byte-slice.js';
import { readVarint } from '../bytes/varint.js';
import { FormatError, UnsupportedError } from '../errors.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { DIGEST_MINOR_VERSION, LAYERS_MINOR_VERSION, VERSION_MINOR } from './version.js';

/** Bit of a tag byte that says whether a reader may skip a section it does not know. */
const CRITICAL_BIT = 0x80;

/** Bit of a tag byte that is reserved: zero, refused otherwise. */
const RESERVED_TAG_BIT = 0x40;

/** Range-coded stream of one tile of the first layer and the check of its integers. Critical. */
export const TAG_TILE = 0x81;

/** An ICC profile, as in any other picture format. Ancillary, at most one. */
export const TAG_ICC = 0x02;

/** Exif metadata, starting at the TIFF header. Ancillary, at most one. */
export const TAG_EXIF = 0x03;

/** CRC-32 of everything before it, right after the last tile of the first layer. Ancillary, at most one. */
export const TAG_PREFIX_CHECK = 0x04;

/** A further layer with its tiles. Ancillary. */
export const TAG_LAYER = 0x05;

/** SHA-256 of everything before it. Ancillary, at most one, the last section of all. */
export const TAG_DIGEST = 0x06;

/** Bytes of a digest. */
export const DIGEST_BYTES = 32;

/** Largest number of ancillary sections in a file, layers and prefix check included. */
export const MAX_ANCILLARY_SECTIONS = 255;

/** What is known about the sections of one tag (format-spec/v1/dicm-v1.md, section 5). */
export interface SectionKind {
  readonly tag: number;
  /** Name in listings and errors. */
  readonly name: string;
  /** Whether a file may have more than one. */
  readonly repeats: boolean;
  /** Minor version that gave the tag its meaning: in a file of an older one it has none. */
  readonly since: number;
  /** What ends the content, where it does not belong to what fills the rest. */
  readonly trailer?: { readonly name: string; readonly bytes: number };
  /** Size of the content in bytes, where it is fixed. */
  readonly dataBytes?: number;
  /** Whether the content counts as metadata, which has a limit of its own; layers are picture, as tiles are. */
  readonly metadata: boolean;
  /** Whether it is the last section wherever it is; unless given, others may follow. */
  readonly last?: boolean;
}

/** What ends the content of a tile, in a section of its own or in a layer. */
export const TILE_TRAILER = { name: 'integer check', bytes: TILE_CHECK_BYTES } as const;

/**
 * Every section there is: what a tag means from which version on, how often it may come and how long it is stands here
 * only. That a reader may not skip it is a bit of the tag (`isCritical`).
 */
const SECTION_KINDS: readonly SectionKind[] = [
  {
    tag: TAG_TILE,
    name: 'tile',
    repeats: true,
    since: 0,
    trailer: TILE_TRAILER,
    metadata: false,
  },
  { tag: TAG_ICC, name: 'icc', repeats: false, since: 0, metadata: true },
  { tag: TAG_EXIF, name: 'exif', repeats: false, since: 0, metadata: true },
  {
    tag: TAG_PREFIX_CHECK,
    name: 'prefix-check',
    repeats: false,
    since: LAYERS_MINOR_VERSION,
    dataBytes: 4,
    metadata: false,
  },
  {
    tag: TAG_LAYER,
    name: 'layer',
    repeats: true,
    since: LAYERS_MINOR_VERSION,
    metadata: false,
  },
  {
    tag: TAG_DIGEST,
    name: 'digest',
    repeats: false,
    since: DIGEST_MINOR_VERSION,
    dataBytes: DIGEST_BYTES,
    metadata: true,
    last: true,
  },
];

/** Whether a reader that does not know the tag must refuse the file. */
export function isCritical(tag: number): boolean {
  return (tag & CRITICAL_BIT) !== 0;
}

/**
 * What a tag means in a file of minor version `versionMinor`; nothing to anyone if the tag is not assigned there.
 */
export function findSectionKind(tag: number, versionMinor: number): SectionKind | undefined {
  return SECTION_KINDS.find((kind) => kind.tag === tag && kind.since <= versionMinor);
}

/** The digest among the sections of a file of minor version `versionMinor`. */
export function findDigest<S extends { readonly tag: number }>(
  sections: readonly S[],
  versionMinor: number,
): S | undefined {
  return sections.find(({ tag }) => findSectionKind(tag, versionMinor)?.tag === TAG_DIGEST);
}

/**
 * Name of a tag byte: `tile`, `icc`, `exif`, `prefix-check`, `layer`, `digest`, or `0x` and two digits.
 *
 * @param versionMinor - Minor version of the file; the newest known unless given.
 */
export function tagName(tag: number, versionMinor: number = VERSION_MINOR): string {
  return findSectionKind(tag, versionMinor)?.name ?? tagDigits(tag);
}

/** A tag byte as `0x` and two digits. */
export function tagDigits(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}

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
 * Reads tag and length of the next section (format-spec/v1/dicm-v1.md, section 5). The slice then stands at its
 * content, which may end after the slice.
 *
 * @throws FormatError `truncated` when tag or length are cut off, `bad-tag` for tag type 0, `not-canonical` or
 *   `bad-varint` for the length.
 * @throws UnsupportedError `reserved-bits` when the reserved bit of the tag is set.
 */
export function readSectionHead(slice: ByteSlice): SectionPlace {
  const offset = slice.position;
  const tag = readU8(slice);
  if ((tag & ~CRITICAL_BIT) === 0) {
    throw new FormatError('bad-tag', `Tag ${tagDigits(tag)} is never used`, {
      offset,
      section: slice.section,
    });
  }
  if ((tag & RESERVED_TAG_BIT) !== 0) {
    throw new UnsupportedError(
      'reserved-bits',
      `The tag ${tagDigits(tag)} at byte ${offset} sets a bit that is reserved: a newer dicm is needed`,
    );
  }
  const dataBytes = readVarint(slice);
  return { tag, offset, dataOffset: slice.position, dataBytes };
}

/**
 * Reads tag and length of the next section and steps over its content.
 *
 * @throws FormatError, UnsupportedError as `readSectionHead`; FormatError `bad-length` when the content would end
 *   after the slice.
 */
export function readSectionPlace(slice: ByteSlice): SectionPlace {
  const place = readSectionHead(slice);
  const { tag, offset, dataBytes } = place;
  if (dataBytes > remainingBytes(slice)) {
    throw new FormatError(
      'bad-length',
      `A section of ${dataBytes} bytes is declared where ${remainingBytes(slice)} are left`,
      { offset, section: `${slice.section}, ${tagName(tag)}` },
    );
  }
  slice.position += dataBytes;
  return place;
}

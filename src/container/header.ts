import { type ByteSlice, readHex, readU8, readU16Be, readU24Be, readU32Be } from '../bytes/byte-slice.js';
import {
  type ByteWriter,
  writeHex,
  writeU8,
  writeU16Be,
  writeU24Be,
  writeU32Be,
} from '../bytes/byte-writer.js';
import { FormatError, UnsupportedError } from '../errors.js';
import type { DicmHeader } from './dicm-file.js';
import { PROFILES } from './profiles.js';
import { positionToQuality } from './quality.js';

/** Receives every field as it is read, for a bitstream listing. */
export type FieldSink = (name: string, offset: number, bytes: number, value: string) => void;

// Section 4.1 of the format: 24 bits, from the most significant.
const QUALITY_SHIFT = 13;
const ORIENTATION_SHIFT = 10;
const PROFILE_SHIFT = 8;
const WIDE_SIZE_BIT = 1 << 7;
const SOURCE_SHIFT = 5;
const RESERVED_MASK = 0b11100;

/** Values of the source form: no source size, two bytes a side, four bytes a side. */
const SOURCE_SAME = 0;
const SOURCE_SHORT = 1;
const SOURCE_LONG = 2;

/** Largest side of the short form of the coded size: twelve bits hold side - 1. */
const MAX_SHORT_SIDE = 4096;

/** Largest side of the short form of the source size. */
const MAX_SHORT_SOURCE = 0xffff;

/**
 * Reads the header, from the version byte on (format-spec/v1/dicm-v1.md, section 4).
 *
 * @throws FormatError `truncated`, `zero-size`, `not-canonical`.
 * @throws UnsupportedError `reserved-bits`, `unknown-profile`.
 */
export function readHeader(slice: ByteSlice, sink?: FieldSink): DicmHeader {
  const version = readU8(slice);
  sink?.('version', slice.position - 1, 1, `${version >> 4}.${version & 15}`);

  const flags = readU24Be(slice);
  const qualityPosition = flags >> QUALITY_SHIFT;
  const orientation = ((flags >> ORIENTATION_SHIFT) & 7) + 1;
  const profile = PROFILES[(flags >> PROFILE_SHIFT) & 3];
  const wide = (flags & WIDE_SIZE_BIT) !== 0;
  const sourceForm = (flags >> SOURCE_SHIFT) & 3;
  if ((flags & RESERVED_MASK) !== 0 || sourceForm > SOURCE_LONG) {
    throw new UnsupportedError(
      'reserved-bits',
      'The header sets bits that are reserved: a newer dicm is needed',
    );
  }
  if (profile === undefined) {
    throw new UnsupportedError('unknown-profile', 'The file has a profile that this program does not know');
  }
  sink?.(
    'flags',
    slice.position - 3,
    3,
    `quality ${positionToQuality(qualityPosition).toFixed(2)} (position ${qualityPosition}), orientation ` +
      `${orientation}, ${profile} profile, ${wide ? 'long' : 'short'} size, ` +
      `${['no', 'short', 'long'][sourceForm]} source size`,
  );

  const decodeId = readHex(slice, 4);
  sink?.('decode id', slice.position - 4, 4, decodeId);
  const renderId = readHex(slice, 2);
  sink?.('render id', slice.position - 2, 2, renderId);

  const sizeOffset = slice.position;
  const [width, height] = readCodedSize(slice, wide);
  sink?.('coded size', sizeOffset, slice.position - sizeOffset, `${width} x ${height} pixels`);
  const sourceOffset = slice.position;
  const [sourceWidth, sourceHeight] = readSourceSize(slice, sourceForm, width, height);
  if (sourceForm !== SOURCE_SAME) {
    const value = `${sourceWidth} x ${sourceHeight} pixels`;
    sink?.('source size', sourceOffset, slice.position - sourceOffset, value);
  }
  return {
    versionMajor: version >> 4,
    versionMinor: version & 15,
    profile,
    width,
    height,
    sourceWidth,
    sourceHeight,
    orientation,
    qualityPosition,
    decodeId,
    renderId,
  };
}

/** Writes the header, from the version byte on. @throws RangeError for values that do not fit their fields */
export function writeHeader(writer: ByteWriter, header: DicmHeader): void {
  const { width, height, sourceWidth, sourceHeight } = header;
  const wide = needsWideSize(width, height);
  const sourceForm = chooseSourceForm(header);
  writeU8(writer, header.versionMajor * 16 + header.versionMinor);
  writeU24Be(
    writer,
    (header.qualityPosition << QUALITY_SHIFT) |
      ((header.orientation - 1) << ORIENTATION_SHIFT) |
      (PROFILES.indexOf(header.profile) << PROFILE_SHIFT) |
      (wide ? WIDE_SIZE_BIT : 0) |
      (sourceForm << SOURCE_SHIFT),
  );
  writeHex(writer, header.decodeId);
  writeHex(writer, header.renderId);
  writeCodedSize(writer, width, height);
  if (sourceForm === SOURCE_SAME) return;
  const writeSide = sourceForm === SOURCE_SHORT ? writeU16Be : writeU32Be;
  writeSide(writer, sourceWidth);
  writeSide(writer, sourceHeight);
}

/** Whether a coded size needs the long form. */
export function needsWideSize(width: number, height: number): boolean {
  return Math.max(width, height) > MAX_SHORT_SIDE;
}

/** Writes a coded size in the shortest form (section 4.4). */
export function writeCodedSize(writer: ByteWriter, width: number, height: number): void {
  if (needsWideSize(width, height)) {
    writeU32Be(writer, width);
    writeU32Be(writer, height);
  } else {
    writeU24Be(writer, ((width - 1) << 12) | (height - 1));
  }
}

function chooseSourceForm({ width, height, sourceWidth, sourceHeight }: DicmHeader): number {
  if (sourceWidth === width && sourceHeight === height) return SOURCE_SAME;
  return Math.max(sourceWidth, sourceHeight) > MAX_SHORT_SOURCE ? SOURCE_LONG : SOURCE_SHORT;
}

/**
 * Reads a coded size in the short or the long form (section 4.4).
 *
 * @throws FormatError `truncated`, `zero-size`, `not-canonical`.
 */
export function readCodedSize(slice: ByteSlice, wide: boolean): [width: number, height: number] {
  const offset = slice.position;
  if (!wide) {
    const packed = readU24Be(slice);
    return [(packed >> 12) + 1, (packed & 0xfff) + 1];
  }
  const width = readU32Be(slice);
  const height = readU32Be(slice);
  checkSides(slice, offset, width, height);
  if (!needsWideSize(width, height)) throw notCanonical(slice, offset, 'coded size');
  return [width, height];
}

function readSourceSize(
  slice: ByteSlice,
  form: number,
  width: number,
  height: number,
): [width: number, height: number] {
  if (form === SOURCE_SAME) return [width, height];
  const offset = slice.position;
  const readSide = form === SOURCE_SHORT ? readU16Be : readU32Be;
  const sourceWidth = readSide(slice);
  const sourceHeight = readSide(slice);
  checkSides(slice, offset, sourceWidth, sourceHeight);
  const shortest = Math.max(sourceWidth, sourceHeight) > MAX_SHORT_SOURCE ? SOURCE_LONG : SOURCE_SHORT;
  const same = sourceWidth === width && sourceHeight === height;
  if (same || shortest !== form) throw notCanonical(slice, offset, 'source size');
  return [sourceWidth, sourceHeight];
}

function checkSides(slice: ByteSlice, offset: number, width: number, height: number): void {
  if (width === 0 || height === 0) {
    throw new FormatError('zero-size', `A picture of ${width} x ${height} pixels`, {
      offset,
      section: slice.section,
    });
  }
}

/** The error for a size that is not in its shortest form. */
export function notCanonical(slice: ByteSlice, offset: number, what: string): FormatError {
  return new FormatError('not-canonical', `The ${what} is not written in its shortest form`, {
    offset,
    section: slice.section,
  });
}

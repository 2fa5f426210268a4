import { FormatError } from '../errors.js';

/**
 * A bounded window on bytes with a read position and a name. Every reader works on one, so a read can neither
 * leave its window nor fail without saying in which structure and at which byte of the file.
 */
export interface ByteSlice {
  /** The whole file: offsets in errors count from its start. */
  readonly bytes: Uint8Array;
  /** First offset after the window. */
  readonly end: number;
  /** Name of the structure being read, for errors: `header`, `tile 3`. */
  readonly section: string;
  /** Offset of the next byte to read; the read functions advance it. */
  position: number;
}

/**
 * Opens a window on `bytes` from `start` to `end`.
 *
 * @throws RangeError for a window outside the bytes: a fault of the caller, never of the file.
 */
export function openSlice(bytes: Uint8Array, section: string, start = 0, end = bytes.length): ByteSlice {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(`slice ${start}..${end} of ${bytes.length} bytes`);
  }
  return { bytes, section, position: start, end };
}

/** Number of bytes still unread in the window. */
export function remainingBytes(slice: ByteSlice): number {
  return slice.end - slice.position;
}

/**
 * Checks that `count` more bytes can be read.
 *
 * @throws FormatError `truncated` when the window ends before.
 */
function checkRemaining(slice: ByteSlice, count: number): void {
  if (count > remainingBytes(slice)) {
    throw new FormatError(
      'truncated',
      `The data end too early: ${count} ${count === 1 ? 'byte' : 'bytes'} wanted, ${remainingBytes(slice)} left`,
      { offset: slice.position, section: slice.section },
    );
  }
}

/** Reads one byte. @throws FormatError `truncated` */
export function readU8(slice: ByteSlice): number {
  checkRemaining(slice, 1);
  return slice.bytes[slice.position++]!;
}

/** Reads two bytes, most significant first. @throws FormatError `truncated` */
export function readU16Be(slice: ByteSlice): number {
  return readBigEndian(slice, 2);
}

/** Reads three bytes, most significant first. @throws FormatError `truncated` */
export function readU24Be(slice: ByteSlice): number {
  return readBigEndian(slice, 3);
}

/** Reads four bytes, most significant first, as a number from 0 to 2^32 - 1. @throws FormatError `truncated` */
export function readU32Be(slice: ByteSlice): number {
  return readBigEndian(slice, 4);
}

/** Reads `count` bytes as a view on the file; nothing is copied. @throws FormatError `truncated` */
export function readBytes(slice: ByteSlice, count: number): Uint8Array {
  checkRemaining(slice, count);
  const start = slice.position;
  slice.position += count;
  return slice.bytes.subarray(start, slice.position);
}

/** Reads `count` bytes as lower-case hexadecimal, two digits a byte. @throws FormatError `truncated` */
export function readHex(slice: ByteSlice, count: number): string {
  let text = '';
  for (const byte of readBytes(slice, count)) text += byte.toString(16).padStart(2, '0');
  return text;
}

function readBigEndian(slice: ByteSlice, count: number): number {
  checkRemaining(slice, count);
  let value = 0;
  // Multiplication, not a shift: a shift would turn 2^31 and above negative.
  for (let i = 0; i < count; i++) value = value * 256 + slice.bytes[slice.position++]!;
  return value;
}

import { openSlice, readU32Be, remainingBytes } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { DicmError, FormatError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { readHeader } from './header.js';
import { findPrefixEnd } from './prefix-end.js';
import { readSectionPlace, TAG_TILE } from './section-kinds.js';
import { SIGNATURE } from './signature.js';
import { checkVersion, VERSION_OFFSET } from './version.js';

/** Bytes of the CRC-32 at the end of a file. */
export const FILE_CHECKSUM_BYTES = 4;

/**
 * Checks version and checksum of a file whose signature is right (format-spec/v1/dicm-v1.md, sections 3 and 7).
 *
 * @throws FormatError `truncated`, `trailing-bytes` or `crc-mismatch` for a damaged file, `bad-version`.
 * @throws UnsupportedError `newer-version`.
 */
export function checkFileChecksum(bytes: Uint8Array): void {
  const version = bytes[VERSION_OFFSET];
  if (version === undefined) {
    throw new FormatError('truncated', 'The file ends after its signature', {
      offset: SIGNATURE.length,
      section: 'version',
    });
  }
  const intact = hasFileChecksum(bytes);
  checkVersion(version >> 4, version & 15, intact);
  if (!intact) throw findDamage(bytes);
}

/** Whether the bytes end in the checksum of all bytes before. */
export function hasFileChecksum(bytes: Uint8Array): boolean {
  const end = bytes.length - FILE_CHECKSUM_BYTES;
  // The version byte is covered by the checksum, so it cannot be part of it.
  if (end <= VERSION_OFFSET) return false;
  return crc32(bytes.subarray(0, end)) === readU32Be(openSlice(bytes, 'checksum', end));
}

/**
 * Says what is wrong with a file whose checksum does not hold: cut short, followed by bytes that do not belong
 * to it, or changed somewhere. None of its fields can be believed, so this only chooses between messages; it
 * allocates nothing that depends on the file and takes time linear in its size.
 *
 * @returns FormatError `truncated`, `trailing-bytes` or `crc-mismatch`; the caller throws it.
 */
function findDamage(bytes: Uint8Array): FormatError {
  return findCutOrTail(bytes) ?? mismatch(bytes);
}

function findCutOrTail(bytes: Uint8Array): FormatError | undefined {
  const slice = openSlice(bytes, 'header', SIGNATURE.length);
  let tileCount: number;
  try {
    const { width, height } = readHeader(slice);
    const { columns, rows } = tileGrid(width, height);
    tileCount = columns * rows;
  } catch (error) {
    if (error instanceof FormatError && error.code === 'truncated') return error;
    if (error instanceof DicmError) return undefined;
    throw error;
  }
  let tiles = 0;
  let crc = crc32(bytes.subarray(0, slice.position));
  for (;;) {
    const start = slice.position;
    if (tiles === tileCount && remainingBytes(slice) > FILE_CHECKSUM_BYTES) {
      const stored = readU32Be(openSlice(bytes, 'checksum', start));
      if (stored === crc) return trailingBytes(bytes, start + FILE_CHECKSUM_BYTES);
    }
    if (remainingBytes(slice) <= FILE_CHECKSUM_BYTES) {
      // Sections that fill the file to its checksum were not cut, even where a damaged size asks for more tiles.
      const filled = remainingBytes(slice) === FILE_CHECKSUM_BYTES;
      if (filled && (tiles === tileCount || bytes[start] !== TAG_TILE)) return undefined;
      return cutShort(bytes, tiles < tileCount ? `tile ${tiles}` : 'checksum');
    }
    try {
      if (readSectionPlace(slice).tag === TAG_TILE) tiles++;
    } catch (error) {
      if (!(error instanceof DicmError)) throw error;
      const overrun = error.code === 'truncated' || error.code === 'bad-length';
      const section = tiles < tileCount ? `tile ${tiles}` : 'sections';
      return overrun ? cutShort(bytes, section) : undefined;
    }
    crc = crc32(bytes.subarray(start, slice.position), crc);
  }
}

function cutShort(bytes: Uint8Array, section: string): FormatError {
  // Said only where `openPrefix` opens these very bytes.
  const whole = typeof findPrefixEnd(bytes) === 'number';
  const advice = whole ? '; its first layer is whole, and can be read as a prefix' : '';
  return new FormatError('truncated', `The file is cut short or a length in it is damaged${advice}`, {
    offset: bytes.length,
    section,
  });
}

function trailingBytes(bytes: Uint8Array, end: number): FormatError {
  const count = bytes.length - end;
  return new FormatError(
    'trailing-bytes',
    `The file is whole, but ${count} ${count === 1 ? 'byte follows' : 'bytes follow'} its end`,
    { offset: end, section: 'end of file' },
  );
}

function mismatch(bytes: Uint8Array): FormatError {
  return new FormatError('crc-mismatch', 'The file is damaged: its checksum does not hold', {
    offset: bytes.length - FILE_CHECKSUM_BYTES,
    section: 'checksum',
  });
}

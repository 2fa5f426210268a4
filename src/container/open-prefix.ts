import { openSlice, readU32Be } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { DicmError, FormatError, UsageError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { type Limits, resolveLimits } from '../limits.js';
import type { DicmFile } from './dicm-file.js';
import { hasFileChecksum } from './file-checksum.js';
import { readHeader } from './header.js';
import { checkStart, type Layout, readBody, readLayout } from './layout.js';
import { readFirstTiles } from './read-dicm.js';
import { findSectionKind, readSectionPlace, TAG_PREFIX_CHECK, TAG_TILE } from './section-kinds.js';
import { SIGNATURE } from './signature.js';
import { checkVersion, VERSION_MAJOR, VERSION_OFFSET } from './version.js';

/** The first layer of a file of which the rest may be missing. */
export interface DicmPrefix {
  /** Header and tiles of the first layer; no further layers and no ancillary sections, even where they are there. */
  file: DicmFile;
  /** How many first bytes of the file are enough for it. */
  prefixBytes: number;
  /** What proved it: the check behind the first layer, or the checksum of a whole file that has no such check. */
  provedBy: 'prefix-check' | 'file-checksum';
}

/**
 * Reads the first layer of a file from its first bytes: a range of it, what came before a connection broke, or the
 * whole (format-spec/v1/dicm-v1.md, section 12.3). Whatever follows the first layer is not looked at, and may be
 * missing or damaged.
 *
 * @param bytes - The first bytes of a file. Payloads of the result are views on them.
 * @param limits - Overrides of `defaultLimits`.
 * @throws FormatError `truncated` when not even the first layer is whole; `prefix-mismatch` when it is damaged;
 *   what `readDicm` throws for a file without a check of its first layer, which can only be read as a whole.
 * @throws UnsupportedError, LimitError as `readDicm`.
 */
export function openPrefix(bytes: Uint8Array, limits?: Partial<Limits>): DicmPrefix {
  const { layout, prefixBytes, provedBy } = readPrefixLayout(bytes, limits);
  const tiles = readFirstTiles(bytes, layout);
  return { file: { header: layout.header, tiles, ancillary: [] }, prefixBytes, provedBy };
}

/**
 * The first bytes of a file, as many as `openPrefix` needs: header, first layer and the check that proves them. They
 * are not a file: only what reads prefixes opens them. What follows in `bytes` may be missing or damaged.
 *
 * @returns A copy.
 * @throws UsageError `no-prefix-check` for a whole file that has no such check.
 * @throws FormatError, UnsupportedError, LimitError as `openPrefix`.
 */
export function cutPrefix(bytes: Uint8Array, limits?: Partial<Limits>): Uint8Array {
  const { prefixBytes, provedBy } = readPrefixLayout(bytes, limits);
  if (provedBy !== 'prefix-check') {
    throw new UsageError(
      'no-prefix-check',
      'The file has no check of its first layer, so no part of it proves itself: keep it whole',
    );
  }
  return bytes.slice(0, prefixBytes);
}

function readPrefixLayout(
  bytes: Uint8Array,
  limits: Partial<Limits> | undefined,
): Omit<DicmPrefix, 'file'> & { layout: Layout } {
  const resolved = resolveLimits(limits);
  checkStart(bytes, resolved);
  const version = bytes[VERSION_OFFSET];
  if (version !== undefined) {
    const major = version >> 4;
    checkVersion(major, version & 15, major > VERSION_MAJOR && hasFileChecksum(bytes));
  }
  const end = findPrefixEnd(bytes);
  if (typeof end === 'number') {
    return { layout: readBody(bytes, end, resolved), prefixBytes: end, provedBy: 'prefix-check' };
  }
  if (end !== undefined && !hasFileChecksum(bytes)) throw end;
  return { layout: readLayout(bytes, limits), prefixBytes: bytes.length, provedBy: 'file-checksum' };
}

/**
 * Looks for the check of the first layer and compares it. Nothing is believed before it holds, so this only walks
 * over sections: it allocates nothing, and takes time linear in the bytes.
 *
 * @returns The end of the proved bytes; an error that says why they are none; `undefined` for a file without such a
 *   check, or bytes that make no sense.
 */
function findPrefixEnd(bytes: Uint8Array): number | FormatError | undefined {
  const slice = openSlice(bytes, 'header', SIGNATURE.length);
  let section = 'header';
  try {
    const { versionMinor, width, height } = readHeader(slice);
    const { columns, rows } = tileGrid(width, height);
    if (findSectionKind(TAG_PREFIX_CHECK, versionMinor) === undefined) return undefined;
    for (let tile = 0; tile < columns * rows; tile++) {
      section = `tile ${tile}`;
      if (readSectionPlace(slice).tag !== TAG_TILE) return undefined;
    }
    section = 'prefix-check';
    const { tag, offset, dataBytes } = readSectionPlace(slice);
    if (tag !== TAG_PREFIX_CHECK || dataBytes !== 4) return undefined;
    slice.position -= dataBytes;
    if (readU32Be(slice) === crc32(bytes.subarray(0, offset))) return slice.position;
    return new FormatError('prefix-mismatch', 'The first layer is damaged: its check does not hold', {
      offset,
      section,
    });
  } catch (error) {
    if (!(error instanceof DicmError)) throw error;
    if (error.code !== 'truncated' && error.code !== 'bad-length') return undefined;
    return new FormatError('truncated', 'The bytes end before the first layer and its check do', {
      offset: bytes.length,
      section,
    });
  }
}

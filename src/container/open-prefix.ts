import { UsageError } from '../errors.js';
import { type Limits, resolveLimits } from '../limits.js';
import type { DicmFile } from './dicm-file.js';
import { hasFileChecksum } from './file-checksum.js';
import { checkStart, type Layout, readBody, readLayout } from './layout.js';
import { findPrefixEnd } from './prefix-end.js';
import { readFirstTiles } from './read-dicm.js';
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

import { openSlice, readU32Be } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { DicmError, FormatError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { readHeader } from './header.js';
import { findSectionKind, readSectionPlace, TAG_PREFIX_CHECK, TAG_TILE } from './section-kinds.js';
import { SIGNATURE } from './signature.js';

/**
 * Looks for the check of the first layer, directly behind its last tile, and compares it. Nothing is believed before it
 * holds, so this only walks over sections: it allocates nothing, and takes time linear in the bytes.
 *
 * @param bytes - The first bytes of a file, whose signature is right.
 * @returns The end of the proved bytes; an error that says why they are none; `undefined` for a file without such a
 *   check, or bytes that make no sense.
 */
export function findPrefixEnd(bytes: Uint8Array): number | FormatError | undefined {
  const slice = openSlice(bytes, 'header', SIGNATURE.length);
  let section = 'header';
  try {
    const { versionMinor, width, height } = readHeader(slice);
    const { columns, rows } = tileGrid(width, height);
    const kind = findSectionKind(TAG_PREFIX_CHECK, versionMinor);
    if (kind === undefined) return undefined;
    for (let tile = 0; tile < columns * rows; tile++) {
      section = `tile ${tile}`;
      if (readSectionPlace(slice).tag !== TAG_TILE) return undefined;
    }
    section = kind.name;
    const { tag, offset, dataOffset, dataBytes } = readSectionPlace(slice);
    if (tag !== kind.tag || dataBytes !== kind.dataBytes) return undefined;
    if (readU32Be(openSlice(bytes, section, dataOffset)) === crc32(bytes.subarray(0, offset))) {
      return slice.position;
    }
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

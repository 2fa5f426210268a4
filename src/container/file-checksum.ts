import { openSlice, readU32Be } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { FormatError } from '../errors.js';
import { FILE_CHECKSUM_BYTES, findDamage } from './damage.js';
import { SIGNATURE } from './signature.js';
import { checkVersion, VERSION_OFFSET } from './version.js';

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
  const end = bytes.length - FILE_CHECKSUM_BYTES;
  // The version byte is covered by the checksum, so it cannot be part of it.
  const intact = end > VERSION_OFFSET && crc32(bytes.subarray(0, end)) === storedChecksum(bytes, end);
  checkVersion(version >> 4, version & 15, intact);
  if (!intact) throw findDamage(bytes);
}

function storedChecksum(bytes: Uint8Array, offset: number): number {
  return readU32Be(openSlice(bytes, 'checksum', offset));
}

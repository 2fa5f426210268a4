import { openSlice, readHex } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { FormatError } from '../errors.js';
import type { Limits } from '../limits.js';
import { FILE_CHECKSUM_BYTES } from './file-checksum.js';
import { readLayout } from './layout.js';
import { readDicm } from './read-dicm.js';
import { DIGEST_BYTES, findDigest, TAG_DIGEST } from './section-kinds.js';
import { DIGEST_MINOR_VERSION } from './version.js';
import { writeDicm } from './write-dicm.js';

/** SHA-256 of the pieces one after the other, 64 hexadecimal digits: whatever the host has for it. */
export type Sha256 = (pieces: Iterable<Uint8Array>) => Promise<string>;

/** What a digest adds to a file: tag, length and content. */
export const DIGEST_SECTION_BYTES = 2 + DIGEST_BYTES;

/**
 * Compares the digest of a file (format-spec/v1/dicm-v1.md, section 13.2). It shows every change that was made without
 * making it anew; whoever makes it anew, or takes it away, leaves no trace, so that is no signature.
 *
 * @param bytes - The whole file.
 * @param limits - Overrides of `defaultLimits`.
 * @returns The digest, 64 hexadecimal digits; `undefined` for a file that has none.
 * @throws FormatError `digest-mismatch`; and what `readDicm` throws.
 */
export async function checkDigest(
  bytes: Uint8Array,
  sha256: Sha256,
  limits?: Partial<Limits>,
): Promise<string | undefined> {
  const { header, ancillary } = readLayout(bytes, limits);
  const place = findDigest(ancillary, header.versionMinor);
  if (place === undefined) return undefined;
  const digest = readHex(openSlice(bytes, 'digest', place.dataOffset), DIGEST_BYTES);
  if ((await sha256([bytes.subarray(0, place.offset)])) === digest) return digest;
  throw new FormatError(
    'digest-mismatch',
    'The checksum of the file holds and its digest does not: it was changed by someone who mended the checksum, ' +
      'or by a program that does not know digests. Only a copy from elsewhere is known to be good',
    { offset: place.dataOffset, section: 'digest' },
  );
}

/**
 * The file with a digest of everything in it. One that has a digest already is compared with it and comes back as it is.
 *
 * @param limits - Overrides of `defaultLimits`.
 * @throws UsageError `bad-structure` where a section of a file of an older version would get another meaning.
 * @throws FormatError, UnsupportedError, LimitError as `checkDigest`.
 */
export async function addDigest(
  bytes: Uint8Array,
  sha256: Sha256,
  limits?: Partial<Limits>,
): Promise<{ bytes: Uint8Array; digest: string }> {
  const there = await checkDigest(bytes, sha256, limits);
  if (there !== undefined) return { bytes: bytes.slice(), digest: there };
  const { header, ancillary, ...file } = readDicm(bytes, limits);
  const written = writeDicm({
    ...file,
    header: { ...header, versionMinor: Math.max(header.versionMinor, DIGEST_MINOR_VERSION) },
    ancillary: [...ancillary, { tag: TAG_DIGEST, name: 'digest', data: new Uint8Array(DIGEST_BYTES) }],
  });
  const end = written.length - FILE_CHECKSUM_BYTES;
  const digest = await sha256([written.subarray(0, end - DIGEST_SECTION_BYTES)]);
  for (let i = 0; i < DIGEST_BYTES; i++) {
    written[end - DIGEST_BYTES + i] = Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16);
  }
  new DataView(written.buffer).setUint32(end, crc32(written.subarray(0, end)));
  return { bytes: written, digest };
}

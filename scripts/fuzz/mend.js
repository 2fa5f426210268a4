import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * Which checks of a changed file are made to hold again: none, as accidents leave it; the file checksum, as someone would
 * who knows files; or the check of the first layer and the digest too, as someone would who knows this format.
 *
 * @typedef {'nothing' | 'checksum' | 'everything'} Mending
 */

const CHECKSUM_BYTES = 4;

/** Tag and size of the checks that stand in sections of their own, and how each is made. */
const CHECKS = [
  { tag: 0x04, size: 4, make: (/** @type {Uint8Array} */ before) => checksum(before) },
  {
    tag: 0x06,
    size: 32,
    make: (/** @type {Uint8Array} */ before) => createHash('sha256').update(before).digest(),
  },
];

/**
 * A CRC-32, most significant byte first.
 *
 * @param {Uint8Array} bytes
 */
function checksum(bytes) {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value;
}

/**
 * Makes checks hold. It finds them by walking over sections by the text of the format, so that a mistake of the reader in
 * walking does not hide here; where that leads nowhere, what lies behind is left alone.
 *
 * @param {Uint8Array} bytes Changed in place.
 * @param {Mending} mending
 */
export function mend(bytes, mending) {
  if (mending === 'nothing' || bytes.length <= CHECKSUM_BYTES) return;
  const end = bytes.length - CHECKSUM_BYTES;
  if (mending === 'everything') {
    for (const { tag, offset, start, size } of walk(bytes, end)) {
      const check = CHECKS.find((one) => one.tag === tag && one.size === size);
      if (check !== undefined) bytes.set(check.make(bytes.subarray(0, offset)), start);
    }
  }
  bytes.set(checksum(bytes.subarray(0, end)), end);
}

/**
 * Sections as far as they can be followed.
 *
 * @param {Uint8Array} bytes
 * @param {number} end
 */
function* walk(bytes, end) {
  const at = (/** @type {number} */ offset) => bytes[offset] ?? 0;
  const [long, form] = [at(8) >> 7, (at(8) >> 5) & 3];
  // Signature, version, flags, ids; coded size; source size.
  let position = 5 + 4 + 6 + (long === 1 ? 8 : 3) + ([0, 4, 8, 0][form] ?? 0);
  while (position < end) {
    const offset = position;
    const tag = at(position++);
    let size = 0;
    for (let shift = 0; shift < 35 && position < end; shift += 7) {
      const byte = at(position++);
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if (position + size > end) return;
    yield { tag, offset, start: position, size };
    position += size;
  }
}

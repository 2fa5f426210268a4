import { openSlice, readU16Be } from '../bytes/byte-slice.js';
import type { Limits } from '../limits.js';
import type { DicmFile } from './dicm-file.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { readLayout } from './layout.js';
import { tagName } from './tags.js';

/**
 * Reads a .dicm file into its structure. Everything that needs no model is checked, the CRC-32 of the whole
 * file included; the range-coded streams are not decoded.
 *
 * @param bytes - The whole file. Payloads and sections of the result are views on it, not copies.
 * @param limits - Overrides of `defaultLimits`.
 * @throws FormatError for bytes that are damaged or not a .dicm file.
 * @throws UnsupportedError for a file that needs a newer program.
 * @throws LimitError for a file that declares more than the limits allow.
 * @see format-spec/v1/dicm-v1.md
 */
export function readDicm(bytes: Uint8Array, limits?: Partial<Limits>): DicmFile {
  const { header, tiles, ancillary } = readLayout(bytes, limits);
  return {
    header,
    tiles: tiles.map(({ dataOffset, dataBytes }) => {
      const checkOffset = dataOffset + dataBytes - TILE_CHECK_BYTES;
      return {
        bytes: bytes.subarray(dataOffset, checkOffset),
        check: readU16Be(openSlice(bytes, 'tile', checkOffset)),
      };
    }),
    ancillary: ancillary.map(({ tag, dataOffset, dataBytes }) => ({
      tag,
      name: tagName(tag),
      data: bytes.subarray(dataOffset, dataOffset + dataBytes),
    })),
  };
}

import { openSlice, readU16Be } from '../bytes/byte-slice.js';
import type { Limits } from '../limits.js';
import type { DicmFile, TilePayload, TilePlace } from './dicm-file.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { type Layout, readLayout } from './layout.js';
import { type SectionPlace, tagName } from './section-kinds.js';

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
  const layout = readLayout(bytes, limits);
  const { header, layers, prefixCheck, ancillary } = layout;
  return {
    header,
    tiles: readFirstTiles(bytes, layout),
    ...(layers.length > 0 && {
      layers: layers.map((layer) => {
        const before = ancillary.filter(({ offset }) => offset < layer.section.offset).length;
        const tiles = layer.tiles.map((place) => readTilePayload(bytes, place));
        return { ...layer.header, tiles, ...(before > 0 && { ancillaryBefore: before }) };
      }),
    }),
    ...(prefixCheck !== undefined && { prefixCheck: true }),
    ancillary: ancillary.map(({ tag, dataOffset, dataBytes }) => ({
      tag,
      name: tagName(tag, header.versionMinor),
      data: bytes.subarray(dataOffset, dataOffset + dataBytes),
    })),
  };
}

/** Tiles of the first layer, as views on `bytes`. */
export function readFirstTiles(bytes: Uint8Array, { tiles }: Layout): TilePayload[] {
  return tiles.map((section) => readTilePayload(bytes, tilePlace(section)));
}

/** Where the content of a tile section lies. */
export function tilePlace({ dataOffset, dataBytes }: SectionPlace): TilePlace {
  return { offset: dataOffset, bytes: dataBytes };
}

/** A tile as a view on `bytes`. */
export function readTilePayload(bytes: Uint8Array, { offset, bytes: size }: TilePlace): TilePayload {
  const checkOffset = offset + size - TILE_CHECK_BYTES;
  return {
    bytes: bytes.subarray(offset, checkOffset),
    check: readU16Be(openSlice(bytes, 'tile', checkOffset)),
  };
}

import {
  type ByteWriter,
  openWriter,
  writeBytes,
  writeU8,
  writeU16Be,
  writeU32Be,
  writtenBytes,
} from '../bytes/byte-writer.js';
import { crc32 } from '../bytes/crc32.js';
import { MAX_VARINT, writeVarint } from '../bytes/varint.js';
import { UsageError } from '../errors.js';
import { MAX_QUALITY_POSITION, tileGrid } from '../geometry.js';
import type { AncillarySection, DicmFile, DicmHeader, TilePayload } from './dicm-file.js';
import { writeHeader } from './header.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { SIGNATURE } from './signature.js';
import { MAX_ANCILLARY_SECTIONS, TAG_EXIF, TAG_ICC, TAG_TILE, tagName } from './tags.js';
import { VERSION_MAJOR } from './version.js';

/** Largest picture side: sides have four bytes in the long form. */
const MAX_SIDE = 0xffffffff;

/**
 * Writes a .dicm file. The same structure always gives the same bytes, and writing what `readDicm` returned
 * gives back the file, unknown ancillary sections included.
 *
 * @throws UsageError `bad-structure` for values the format cannot express.
 * @see format-spec/v1/dicm-v1.md
 */
export function writeDicm(file: DicmFile): Uint8Array {
  checkHeader(file.header);
  checkTiles(file);
  checkAncillary(file.ancillary);
  const writer = openWriter(64 + file.tiles.reduce((sum, { bytes }) => sum + bytes.length + 8, 0));
  writeBytes(writer, Uint8Array.from(SIGNATURE));
  writeHeader(writer, file.header);
  for (const tile of file.tiles) writeTile(writer, tile);
  for (const section of file.ancillary) {
    writeU8(writer, section.tag);
    writeVarint(writer, section.data.length);
    writeBytes(writer, section.data);
  }
  writeU32Be(writer, crc32(writtenBytes(writer)));
  return writtenBytes(writer).slice();
}

function writeTile(writer: ByteWriter, { bytes, check }: TilePayload): void {
  writeU8(writer, TAG_TILE);
  writeVarint(writer, bytes.length + TILE_CHECK_BYTES);
  writeBytes(writer, bytes);
  writeU16Be(writer, check);
}

function checkHeader(header: DicmHeader): void {
  check(header.versionMajor === VERSION_MAJOR, `this program writes format version ${VERSION_MAJOR}.x only`);
  check(isInteger(header.versionMinor, 0, 15), 'versionMinor must be an integer from 0 to 15');
  check(header.profile === 'semantic' || header.profile === 'perceptual', `no profile: ${header.profile}`);
  for (const side of ['width', 'height', 'sourceWidth', 'sourceHeight'] as const) {
    check(isInteger(header[side], 1, MAX_SIDE), `${side} must be an integer from 1 to ${MAX_SIDE}`);
  }
  check(isInteger(header.orientation, 1, 8), 'orientation must be an integer from 1 to 8');
  check(
    isInteger(header.qualityPosition, 0, MAX_QUALITY_POSITION),
    `qualityPosition must be an integer from 0 to ${MAX_QUALITY_POSITION}`,
  );
  check(/^[0-9a-f]{8}$/.test(header.decodeId), 'decodeId must be 8 lower-case hexadecimal digits');
  check(/^[0-9a-f]{4}$/.test(header.renderId), 'renderId must be 4 lower-case hexadecimal digits');
}

function checkTiles({ header, tiles }: DicmFile): void {
  const { columns, rows } = tileGrid(header.width, header.height);
  const count = columns * rows;
  check(tiles.length === count, `a picture of this size has ${count} tiles, not ${tiles.length}`);
  for (const tile of tiles) {
    check(isInteger(tile.check, 0, 0xffff), 'the check of a tile must be an integer from 0 to 65535');
    check(tile.bytes.length <= MAX_VARINT - TILE_CHECK_BYTES, 'a tile is too long');
  }
}

function checkAncillary(sections: readonly AncillarySection[]): void {
  check(
    sections.length <= MAX_ANCILLARY_SECTIONS,
    `a file has at most ${MAX_ANCILLARY_SECTIONS} ancillary sections`,
  );
  for (const { tag, data } of sections) {
    check(isInteger(tag, 0x01, 0x3f), 'the tag of an ancillary section must be an integer from 1 to 63');
    check(data.length <= MAX_VARINT, 'an ancillary section is too long');
  }
  for (const tag of [TAG_ICC, TAG_EXIF]) {
    check(sections.filter((section) => section.tag === tag).length <= 1, `only one ${tagName(tag)} section`);
  }
}

function isInteger(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new UsageError('bad-structure', `Cannot write a .dicm file: ${message}`);
}

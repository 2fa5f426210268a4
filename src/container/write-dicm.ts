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
import { FormatError, UsageError } from '../errors.js';
import { MAX_QUALITY_POSITION, tileGrid } from '../geometry.js';
import type { AncillarySection, DicmFile, DicmHeader, Layer, LayerHeader, TilePayload } from './dicm-file.js';
import { writeHeader } from './header.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { readLayer, writeLayer } from './layer.js';
import { PROFILES } from './profiles.js';
import {
  findSectionKind,
  MAX_ANCILLARY_SECTIONS,
  TAG_LAYER,
  TAG_PREFIX_CHECK,
  TAG_TILE,
} from './section-kinds.js';
import { SIGNATURE } from './signature.js';
import { LAYERS_MINOR_VERSION, VERSION_MAJOR } from './version.js';

/** Largest picture side: sides have four bytes in the long form. */
const MAX_SIDE = 0xffffffff;

/**
 * Writes a .dicm file. The same structure always gives the same bytes, and writing what `readDicm` returned
 * gives back the file, unknown ancillary sections included.
 *
 * A file of one layer has the minor version that its header says, 0 for files that every reader of version 1 knows
 * completely; layers and a prefix check raise it to 1 where it is lower.
 *
 * @throws UsageError `bad-structure` for values the format cannot express.
 * @see format-spec/v1/dicm-v1.md
 */
export function writeDicm(file: DicmFile): Uint8Array {
  const { tiles, layers = [], ancillary } = file;
  const header = headerOf(file);
  checkHeader(header);
  checkTiles(header, tiles);
  checkLayers(file, header);
  checkAncillary(ancillary, header.versionMinor);
  checkLast(file, header);
  const prefixCheck = hasPrefixCheck(file, header);
  const count = ancillary.length + layers.length + (prefixCheck ? 1 : 0);
  check(count <= MAX_ANCILLARY_SECTIONS, `a file has at most ${MAX_ANCILLARY_SECTIONS} ancillary sections`);

  const writer = openWriter(64 + tiles.reduce((sum, { bytes }) => sum + bytes.length + 8, 0));
  writeBytes(writer, Uint8Array.from(SIGNATURE));
  writeHeader(writer, header);
  for (const tile of tiles) writeTile(writer, tile);
  if (prefixCheck) writePrefixCheck(writer);
  let written = 0;
  for (const [index, section] of ancillary.entries()) {
    while (written < layers.length && (layers[written]!.ancillaryBefore ?? 0) <= index) {
      writeLayerSection(writer, layers[written++]!, header);
    }
    writeSection(writer, section.tag, section.data);
  }
  for (const layer of layers.slice(written)) writeLayerSection(writer, layer, header);
  writeU32Be(writer, crc32(writtenBytes(writer)));
  return writtenBytes(writer).slice();
}

/** The header to write: layers and prefix check have a meaning from a minor version on. */
function headerOf({ header, layers = [], prefixCheck }: DicmFile): DicmHeader {
  if (layers.length === 0 && prefixCheck !== true) return header;
  return { ...header, versionMinor: Math.max(header.versionMinor, LAYERS_MINOR_VERSION) };
}

/** Whether a prefix check is written; checks that it may be left out, or has a place. */
function hasPrefixCheck(
  { layers = [], ancillary, prefixCheck }: DicmFile,
  { versionMinor }: DicmHeader,
): boolean {
  const unknownLayer = ancillary.some(({ tag }) => findSectionKind(tag, versionMinor)?.tag === TAG_LAYER);
  const needed = layers.length > 0 || unknownLayer;
  check(!(needed && prefixCheck === false), 'a file with layers has a prefix check');
  const written = prefixCheck ?? needed;
  check(!written || needed || ancillary.length > 0, 'a prefix check is written only where something follows');
  return written;
}

function writeSection(writer: ByteWriter, tag: number, content: Uint8Array): void {
  writeU8(writer, tag);
  writeVarint(writer, content.length);
  writeBytes(writer, content);
}

function writeTile(writer: ByteWriter, { bytes, check }: TilePayload): void {
  writeU8(writer, TAG_TILE);
  writeVarint(writer, bytes.length + TILE_CHECK_BYTES);
  writeBytes(writer, bytes);
  writeU16Be(writer, check);
}

function writePrefixCheck(writer: ByteWriter): void {
  const checksum = crc32(writtenBytes(writer));
  writeU8(writer, TAG_PREFIX_CHECK);
  writeVarint(writer, 4);
  writeU32Be(writer, checksum);
}

function writeLayerSection(writer: ByteWriter, layer: Layer, first: LayerHeader): void {
  const content = openWriter(64 + layer.tiles.reduce((sum, { bytes }) => sum + bytes.length + 8, 0));
  writeLayer(content, layer, first);
  check(content.length <= MAX_VARINT, 'a layer is too long');
  writeSection(writer, TAG_LAYER, writtenBytes(content));
}

function checkHeader(header: DicmHeader): void {
  check(header.versionMajor === VERSION_MAJOR, `this program writes format version ${VERSION_MAJOR}.x only`);
  check(isInteger(header.versionMinor, 0, 15), 'versionMinor must be an integer from 0 to 15');
  checkLayerHeader(header);
  for (const side of ['sourceWidth', 'sourceHeight'] as const) {
    check(isInteger(header[side], 1, MAX_SIDE), `${side} must be an integer from 1 to ${MAX_SIDE}`);
  }
  check(isInteger(header.orientation, 1, 8), 'orientation must be an integer from 1 to 8');
}

function checkLayerHeader(header: LayerHeader): void {
  check(PROFILES.includes(header.profile), `no profile: ${header.profile}`);
  for (const side of ['width', 'height'] as const) {
    check(isInteger(header[side], 1, MAX_SIDE), `${side} must be an integer from 1 to ${MAX_SIDE}`);
  }
  check(
    isInteger(header.qualityPosition, 0, MAX_QUALITY_POSITION),
    `qualityPosition must be an integer from 0 to ${MAX_QUALITY_POSITION}`,
  );
  check(/^[0-9a-f]{8}$/.test(header.decodeId), 'decodeId must be 8 lower-case hexadecimal digits');
  check(/^[0-9a-f]{4}$/.test(header.renderId), 'renderId must be 4 lower-case hexadecimal digits');
}

function checkTiles({ width, height }: LayerHeader, tiles: readonly TilePayload[]): void {
  const { columns, rows } = tileGrid(width, height);
  const count = columns * rows;
  check(tiles.length === count, `a picture of this size has ${count} tiles, not ${tiles.length}`);
  for (const tile of tiles) {
    check(isInteger(tile.check, 0, 0xffff), 'the check of a tile must be an integer from 0 to 65535');
    check(tile.bytes.length <= MAX_VARINT - TILE_CHECK_BYTES, 'a tile is too long');
  }
}

function checkLayers({ layers = [] }: DicmFile, header: DicmHeader): void {
  let before: LayerHeader & { ancillaryBefore?: number } = header;
  for (const layer of layers) {
    checkLayerHeader(layer);
    checkTiles(layer, layer.tiles);
    check(
      PROFILES.indexOf(layer.profile) > PROFILES.indexOf(before.profile),
      `a ${layer.profile} layer cannot follow a ${before.profile} one`,
    );
    const { ancillaryBefore = 0 } = layer;
    check(isInteger(ancillaryBefore, before.ancillaryBefore ?? 0, MAX_ANCILLARY_SECTIONS), NO_PLACE);
    before = layer;
  }
}

const NO_PLACE = 'ancillaryBefore must be an integer, not less than that of the layer before';

function checkAncillary(sections: readonly AncillarySection[], versionMinor: number): void {
  const tags = new Set<number>();
  for (const { tag, data } of sections) {
    check(isInteger(tag, 0x01, 0x3f), 'the tag of an ancillary section must be an integer from 1 to 63');
    check(data.length <= MAX_VARINT, 'an ancillary section is too long');
    const kind = findSectionKind(tag, versionMinor);
    check(kind?.tag !== TAG_PREFIX_CHECK, 'a prefix check is no ancillary section among others');
    check(kind?.tag !== TAG_LAYER || isUnknownLayer(data), 'a layer is no ancillary section among others');
    const size = kind?.dataBytes;
    check(size === undefined || data.length === size, `a ${kind?.name} has ${size} bytes`);
    check(kind?.repeats !== false || !tags.has(tag), `only one ${kind?.name} section`);
    tags.add(tag);
  }
}

/** Checks that nothing stands behind a section that is the last wherever it is. */
function checkLast({ layers = [], ancillary }: DicmFile, { versionMinor }: DicmHeader): void {
  for (const [index, { tag }] of ancillary.entries()) {
    const kind = findSectionKind(tag, versionMinor);
    if (kind?.last !== true) continue;
    const behind = layers.some(({ ancillaryBefore = 0 }) => ancillaryBefore > index);
    check(index === ancillary.length - 1 && !behind, `nothing may follow the ${kind.name}`);
  }
}

/** Whether the content of a layer's section is one that a reader skips. */
function isUnknownLayer(data: Uint8Array): boolean {
  const place = { tag: TAG_LAYER, offset: 0, dataOffset: 0, dataBytes: data.length };
  try {
    return readLayer(data, place, { width: 1, height: 1 }, 'layer', () => undefined) === undefined;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function isInteger(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new UsageError('bad-structure', `Cannot write a .dicm file: ${message}`);
}

import { type ByteSlice, openSlice, readHex, readU16Be, remainingBytes } from '../bytes/byte-slice.js';
import { type ByteWriter, writeBytes, writeHex, writeU16Be } from '../bytes/byte-writer.js';
import { readVarint, writeVarint } from '../bytes/varint.js';
import { FormatError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import type { Layer, LayerHeader, TilePlace } from './dicm-file.js';
import { type FieldSink, needsWideSize, notCanonical, readCodedSize, writeCodedSize } from './header.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { PROFILES } from './profiles.js';
import { positionToQuality } from './quality.js';
import type { SectionPlace } from './section-kinds.js';

// Section 12.1 of the format: 16 bits, from the most significant.
const QUALITY_SHIFT = 5;
const PROFILE_SHIFT = 3;
const SIZE_SHIFT = 1;
const RESERVED_BIT = 1;

/** Values of the size form: as large as the first layer, a u24, two u32. */
const SIZE_SAME = 0;
const SIZE_SHORT = 1;
const SIZE_LONG = 2;

/** Most bytes before the lengths of the tiles: flags, two ids, the long form of the size. */
export const MAX_LAYER_HEADER_BYTES = 16;

/** Most bytes of a tile's length. */
export const MAX_LENGTH_BYTES = 5;

/** A layer's section taken apart. */
export interface LayerLayout {
  section: SectionPlace;
  header: LayerHeader;
  tiles: TilePlace[];
}

/**
 * Reads the header of a layer, the first part of its section (format-spec/v1/dicm-v1.md, section 12.1).
 *
 * @param slice - The section's content, or the beginning of it.
 * @param first - Size of the first layer.
 * @returns `undefined` for a layer of a kind that this version does not know: it is skipped like an unknown section.
 * @throws FormatError `truncated`, `zero-size`, `not-canonical`.
 */
export function readLayerHeader(
  slice: ByteSlice,
  first: Pick<LayerHeader, 'width' | 'height'>,
  sink?: FieldSink,
): LayerHeader | undefined {
  const flags = readU16Be(slice);
  const qualityPosition = flags >> QUALITY_SHIFT;
  const profile = PROFILES[(flags >> PROFILE_SHIFT) & 3];
  const sizeForm = (flags >> SIZE_SHIFT) & 3;
  if (profile === undefined || sizeForm > SIZE_LONG || (flags & RESERVED_BIT) !== 0) return undefined;
  sink?.(
    'flags',
    slice.position - 2,
    2,
    `quality ${positionToQuality(qualityPosition).toFixed(2)} (position ${qualityPosition}), ${profile} profile, ` +
      `${['no', 'short', 'long'][sizeForm]} size`,
  );
  const decodeId = readHex(slice, 4);
  sink?.('decode id', slice.position - 4, 4, decodeId);
  const renderId = readHex(slice, 2);
  sink?.('render id', slice.position - 2, 2, renderId);
  const offset = slice.position;
  const [width, height] =
    sizeForm === SIZE_SAME ? [first.width, first.height] : readCodedSize(slice, sizeForm === SIZE_LONG);
  if (sizeForm !== SIZE_SAME) {
    if (width === first.width && height === first.height) throw notCanonical(slice, offset, 'coded size');
    sink?.('coded size', offset, slice.position - offset, `${width} x ${height} pixels`);
  }
  return { profile, width, height, qualityPosition, decodeId, renderId };
}

/**
 * Reads the lengths of a layer's tiles, which stand together before the first tile, so that whoever has them knows
 * where each tile lies (section 12.1).
 *
 * @param slice - Stands after the layer's header; may end before the lengths or the tiles do.
 * @param count - Tiles of the layer.
 * @returns Places of the tiles; they may lie beyond the slice.
 * @throws FormatError `bad-length`, `not-canonical`, `bad-varint`, `truncated`.
 */
export function readTileLengths(slice: ByteSlice, count: number, sink?: FieldSink): TilePlace[] {
  const tiles: TilePlace[] = [];
  // Grown as lengths turn up, never allocated from the count, which is only declared.
  for (let index = 0; index < count; index++) {
    const offset = slice.position;
    const bytes = readVarint(slice);
    if (bytes < TILE_CHECK_BYTES) {
      throw new FormatError('bad-length', `Tile ${index} has no room for its integer check`, {
        offset,
        section: slice.section,
      });
    }
    sink?.(`tile ${index} length`, offset, slice.position - offset, `${bytes} bytes`);
    tiles.push({ offset: 0, bytes });
  }
  let next = slice.position;
  for (const tile of tiles) {
    tile.offset = next;
    next += tile.bytes;
  }
  return tiles;
}

/**
 * Reads the section of a layer (section 12.1).
 *
 * @param name - Name of the layer in errors.
 * @param checkHeader - Called with the header before the tiles are read, to compare it with limits.
 * @returns `undefined` for a layer of a kind that this version does not know.
 * @throws FormatError `bad-length` when header, lengths and tiles do not fill the section exactly; and as above.
 */
export function readLayer(
  bytes: Uint8Array,
  section: SectionPlace,
  first: Pick<LayerHeader, 'width' | 'height'>,
  name: string,
  checkHeader: (header: LayerHeader) => void,
  sink?: FieldSink,
): LayerLayout | undefined {
  const slice = openSlice(bytes, name, section.dataOffset, section.dataOffset + section.dataBytes);
  try {
    const header = readLayerHeader(slice, first, sink);
    if (header === undefined) return undefined;
    checkHeader(header);
    const { columns, rows } = tileGrid(header.width, header.height);
    const tiles = readTileLengths(slice, columns * rows, sink);
    const tileBytes = tiles.reduce((sum, tile) => sum + tile.bytes, 0);
    if (tileBytes !== remainingBytes(slice)) {
      throw new FormatError(
        'bad-length',
        `The ${tiles.length} tiles of a layer of ${header.width} x ${header.height} pixels take ${tileBytes} bytes ` +
          `where the section has ${remainingBytes(slice)}`,
        { offset: slice.position, section: name },
      );
    }
    return { section, header, tiles };
  } catch (error) {
    if (!(error instanceof FormatError && error.code === 'truncated')) throw error;
    // The file goes on: it is the section that is too short for what it is.
    const evidence = { offset: section.offset, section: name };
    throw new FormatError('bad-length', 'The section is too short for its layer', evidence);
  }
}

/** Writes the content of a layer's section. @throws RangeError for values that do not fit their fields */
export function writeLayer(
  writer: ByteWriter,
  layer: Layer,
  first: Pick<LayerHeader, 'width' | 'height'>,
): void {
  const { width, height } = layer;
  const same = width === first.width && height === first.height;
  const sizeForm = same ? SIZE_SAME : needsWideSize(width, height) ? SIZE_LONG : SIZE_SHORT;
  writeU16Be(
    writer,
    (layer.qualityPosition << QUALITY_SHIFT) |
      (PROFILES.indexOf(layer.profile) << PROFILE_SHIFT) |
      (sizeForm << SIZE_SHIFT),
  );
  writeHex(writer, layer.decodeId);
  writeHex(writer, layer.renderId);
  if (!same) writeCodedSize(writer, width, height);
  for (const { bytes } of layer.tiles) writeVarint(writer, bytes.length + TILE_CHECK_BYTES);
  for (const { bytes, check } of layer.tiles) {
    writeBytes(writer, bytes);
    writeU16Be(writer, check);
  }
}

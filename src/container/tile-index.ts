import { type ByteSlice, openSlice } from '../bytes/byte-slice.js';
import { FormatError, UnsupportedError, UsageError } from '../errors.js';
import { checkLimit, type Limits, resolveLimits } from '../limits.js';
import type { DicmHeader, LayerHeader, TilePayload, TilePlace } from './dicm-file.js';
import { FILE_CHECKSUM_BYTES } from './file-checksum.js';
import { readHeader } from './header.js';
import { MAX_LAYER_HEADER_BYTES, MAX_LENGTH_BYTES, readLayerHeader, readTileLengths } from './layer.js';
import { checkLayerLimits } from './layout.js';
import { type LayerName, profileOfLayer } from './profiles.js';
import { readTilePayload, tilePlace } from './read-dicm.js';
import {
  findSectionKind,
  isCritical,
  MAX_ANCILLARY_SECTIONS,
  readSectionHead,
  type SectionPlace,
  TAG_LAYER,
  TAG_TILE,
  tagName,
} from './section-kinds.js';
import { checkSignature, SIGNATURE } from './signature.js';
import { checkVersion, VERSION_OFFSET } from './version.js';

/** A file that is read in ranges: on a disk, behind HTTP, in memory. */
export interface ByteSource {
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset` on; fewer only at the end of what there is. An index asks for a kilobyte at a
   * time, or five bytes for each tile of a layer if that is more; a tile for its size.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Where the tiles of one layer lie. Nothing of it is proved by a checksum: what a decoded tile checks is. */
export interface TileIndex {
  /** Header of the file. */
  header: DicmHeader;
  /** What the file states about the layer; the same as `header` for the first one. */
  layer: LayerHeader;
  /** Tiles in raster order; fewer than the grid has where the bytes end before their lengths do. */
  tiles: TilePlace[];
}

/** Bytes read at a time unless more are needed: a header, and many lengths of short tiles. */
const RANGE_BYTES = 1024;

/** Most bytes of signature and header. */
const MAX_HEADER_BYTES = 31;

/** Most bytes of tag and length of a section. */
const MAX_SECTION_HEAD_BYTES = 1 + MAX_LENGTH_BYTES;

/**
 * Finds the tiles of a layer without reading their payloads, so that a part of a picture costs the bytes of its
 * tiles only (format-spec/v1/dicm-v1.md, section 12.4). In the first layer a reader hops from section to section;
 * the lengths of a further layer stand together.
 *
 * @param source - The file, or its first bytes.
 * @param name - Which layer; the first one unless given.
 * @param limits - Overrides of `defaultLimits`; the size of the file has none here, since it is not read.
 * @throws FormatError, UnsupportedError, LimitError for what a field on the way says. No checksum has been compared,
 *   so any of them can be damage.
 * @throws UsageError `bad-layer` for a name that no layer has, `missing-layer` when the file has no such layer.
 */
export async function indexTiles(
  source: ByteSource | Uint8Array,
  name?: LayerName,
  limits?: Partial<Limits>,
): Promise<TileIndex> {
  const resolved = resolveLimits(limits);
  const profile = name && profileOfLayer(name);
  const window: Window = { source: sourceOf(source), start: 0, bytes: new Uint8Array() };
  const start = await load(window, 0, MAX_HEADER_BYTES, 'header');
  checkSignature(start.bytes);
  const version = start.bytes[VERSION_OFFSET];
  if (version !== undefined) checkVersion(version >> 4, version & 15, false);
  start.position = SIGNATURE.length;
  const header = readHeader(start);
  const tileCount = checkLayerLimits(header, 0, resolved);
  const hop: Hop = { offset: start.position };
  const tiles = await readFirstPlaces(window, hop, tileCount, header);
  if (name === undefined || profile === header.profile) return { header, layer: header, tiles };
  const found =
    tiles.length < tileCount ? undefined : await findLayer(window, hop, header, tileCount, name, resolved);
  if (found === undefined) throw new UsageError('missing-layer', `The file has no ${name} layer`);
  return { header, ...found };
}

/**
 * Reads one tile that an index has found.
 *
 * @param index - Which tile, in raster order.
 * @returns The tile; its integer check proves it once it is decoded.
 * @throws FormatError `truncated` when the tile, or its length, lies beyond the bytes there are.
 * @throws LimitError above `maxFileBytes`.
 */
export async function readTile(
  source: ByteSource | Uint8Array,
  { tiles }: TileIndex,
  index: number,
  limits?: Partial<Limits>,
): Promise<TilePayload> {
  const place = tiles[index];
  const { size, read } = sourceOf(source);
  if (place !== undefined && place.offset + place.bytes <= size) {
    checkLimit(resolveLimits(limits), 'maxFileBytes', place.bytes, `The size of tile ${index} in bytes`);
    const bytes = await read(place.offset, place.bytes);
    if (bytes.length >= place.bytes) return readTilePayload(bytes, { offset: 0, bytes: place.bytes });
  }
  throw new FormatError('truncated', 'The bytes end before the tile does', {
    offset: place?.offset ?? size,
    section: `tile ${index}`,
  });
}

function sourceOf(source: ByteSource | Uint8Array): ByteSource {
  if (!(source instanceof Uint8Array)) {
    return { size: source.size, read: (offset, length) => source.read(offset, length) };
  }
  return {
    size: source.length,
    read: async (offset, length) => source.subarray(offset, offset + length),
  };
}

/** The part of a file that is in memory. */
interface Window {
  readonly source: ByteSource;
  start: number;
  bytes: Uint8Array;
}

/** Where the next section begins. */
interface Hop {
  offset: number;
}

/**
 * Sees to it that `length` bytes from `offset` on are in the window, or as many as there are.
 *
 * @returns A slice on the window that begins there; its positions count from the start of the window.
 */
async function load(window: Window, offset: number, length: number, section: string): Promise<ByteSlice> {
  const { source } = window;
  const wanted = Math.max(0, Math.min(length, source.size - offset));
  if (offset < window.start || offset + wanted > window.start + window.bytes.length) {
    const range = Math.min(Math.max(length, RANGE_BYTES), source.size - offset);
    window.bytes = range > 0 ? (await source.read(offset, range)).subarray(0, range) : new Uint8Array();
    window.start = offset;
  }
  return openSlice(window.bytes, section, Math.min(offset - window.start, window.bytes.length));
}

/** Reads tag and length of the section at a hop, and hops on. @returns `undefined` where the bytes end */
async function readHead(window: Window, hop: Hop, section: string): Promise<SectionPlace | undefined> {
  const slice = await load(window, hop.offset, MAX_SECTION_HEAD_BYTES, section);
  const { start } = window;
  try {
    const place = readSectionHead(slice);
    const dataOffset = place.dataOffset + start;
    hop.offset = dataOffset + place.dataBytes;
    return { ...place, offset: place.offset + start, dataOffset };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    if (error.code === 'truncated') return undefined;
    throw new FormatError(error.code, 'The section makes no sense', { offset: hop.offset, section });
  }
}

async function readFirstPlaces(
  window: Window,
  hop: Hop,
  tileCount: number,
  header: DicmHeader,
): Promise<TilePlace[]> {
  const tiles: TilePlace[] = [];
  while (tiles.length < tileCount) {
    const section = `tile ${tiles.length}`;
    const place = await readHead(window, hop, section);
    if (place === undefined) break;
    if (place.tag !== TAG_TILE) {
      throw new FormatError('missing-tile', `A section ${tagName(place.tag, header.versionMinor)} is here`, {
        offset: place.offset,
        section,
      });
    }
    const trailer = findSectionKind(TAG_TILE, header.versionMinor)?.trailer;
    if (trailer !== undefined && place.dataBytes < trailer.bytes) {
      throw new FormatError('bad-length', `The tile has no room for its ${trailer.name}`, {
        offset: place.offset,
        section,
      });
    }
    tiles.push(tilePlace(place));
  }
  return tiles;
}

async function findLayer(
  window: Window,
  hop: Hop,
  first: DicmHeader,
  firstTiles: number,
  name: LayerName,
  limits: Limits,
): Promise<Omit<TileIndex, 'header'> | undefined> {
  let allTiles = firstTiles;
  // The last bytes of a file are its checksum, which is no section.
  const end = window.source.size - FILE_CHECKSUM_BYTES;
  for (let number = 0; number < MAX_ANCILLARY_SECTIONS && hop.offset < end; number++) {
    const place = await readHead(window, hop, 'sections');
    if (place === undefined) return undefined;
    if (isCritical(place.tag)) {
      const message = `The section ${tagName(place.tag)} at byte ${place.offset} is needed to decode the file`;
      throw new UnsupportedError('unknown-section', `${message}, and this program does not know it`);
    }
    if (findSectionKind(place.tag, first.versionMinor)?.tag !== TAG_LAYER) continue;
    const { dataOffset, dataBytes } = place;
    const section = `${name} layer`;
    const head = await load(window, dataOffset, Math.min(dataBytes, MAX_LAYER_HEADER_BYTES), section);
    const layer = readLayerHeader(head, first);
    // A layer of a kind that this version does not know.
    if (layer === undefined) continue;
    const before = allTiles;
    allTiles = checkLayerLimits(layer, before, limits);
    if (layer.profile !== profileOfLayer(name)) continue;
    return { layer, tiles: await readLayerPlaces(window, place, first, allTiles - before, section) };
  }
  return undefined;
}

/** Places of the `count` tiles of a layer, all of them. */
async function readLayerPlaces(
  window: Window,
  { dataOffset, dataBytes }: SectionPlace,
  first: DicmHeader,
  count: number,
  section: string,
): Promise<TilePlace[]> {
  const most = Math.min(dataBytes, MAX_LAYER_HEADER_BYTES + MAX_LENGTH_BYTES * count);
  const slice = await load(window, dataOffset, most, section);
  // Again, up to the lengths: the window may have moved.
  readLayerHeader(slice, first);
  const { start } = window;
  const tiles = readTileLengths(slice, count).map(({ offset, bytes }) => ({ offset: offset + start, bytes }));
  const last = tiles.at(-1);
  if (last !== undefined && last.offset + last.bytes !== dataOffset + dataBytes) {
    throw new FormatError('bad-length', 'The tiles of the layer do not fill its section', {
      offset: dataOffset,
      section,
    });
  }
  return tiles;
}

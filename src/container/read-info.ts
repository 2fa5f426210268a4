import { openSlice, readHex } from '../bytes/byte-slice.js';
import { tileGrid } from '../geometry.js';
import type { Limits } from '../limits.js';
import type { DicmInfo, Field, LayerHeader, LayerInfo, TilePlace } from './dicm-file.js';
import { FILE_CHECKSUM_BYTES } from './file-checksum.js';
import type { FieldSink } from './header.js';
import { readLayer } from './layer.js';
import { type Layout, readLayout } from './layout.js';
import { tilePlace } from './read-dicm.js';
import {
  findDigest,
  findSectionKind,
  isCritical,
  type SectionKind,
  type SectionPlace,
  TAG_DIGEST,
  TAG_LAYER,
  TAG_PREFIX_CHECK,
  TAG_TILE,
  TILE_TRAILER,
  tagDigits,
  tagName,
} from './section-kinds.js';

/**
 * Describes a .dicm file: the header, its layers, and where every field and section lies. Makes the same checks as
 * `readDicm` and throws the same errors.
 *
 * @param bytes - The whole file.
 * @param limits - Overrides of `defaultLimits`.
 */
export function readInfo(bytes: Uint8Array, limits?: Partial<Limits>): DicmInfo {
  const fields: Field[] = [];
  const sink: FieldSink = (name, offset, size, value) => fields.push({ name, offset, bytes: size, value });
  const layout = readLayout(bytes, limits, sink);
  const { header, tiles, prefixCheck, sections } = layout;
  listSections(bytes, layout, sink);
  const end = bytes.length - FILE_CHECKSUM_BYTES;
  sink('file checksum', end, FILE_CHECKSUM_BYTES, `CRC-32 ${hexAt(bytes, end, FILE_CHECKSUM_BYTES)}, holds`);

  const first = describeLayer(header, tiles, tiles.map(tilePlace));
  const layers = [
    first,
    ...layout.layers.map((layer) => describeLayer(layer.header, [layer.section], layer.tiles)),
  ];
  const digest = findDigest(sections, header.versionMinor);
  const payloadBytes = layers.reduce((sum, layer) => sum + layer.payloadBytes, 0);
  return {
    header,
    fileBytes: bytes.length,
    payloadBytes,
    overheadBytes: bytes.length - payloadBytes,
    tileColumns: first.tileColumns,
    tileRows: first.tileRows,
    layers,
    prefixBytes: prefixCheck === undefined ? undefined : prefixCheck.dataOffset + prefixCheck.dataBytes,
    digest: digest && hexAt(bytes, digest.dataOffset, digest.dataBytes),
    sections: sections.map(({ tag, offset, dataOffset, dataBytes }) => ({
      tag: tagName(tag, header.versionMinor),
      offset,
      bytes: dataOffset + dataBytes - offset,
    })),
    fields,
  };
}

function describeLayer(
  { profile, width, height, qualityPosition, decodeId, renderId }: LayerHeader,
  sections: readonly SectionPlace[],
  tiles: TilePlace[],
): LayerInfo {
  const { columns, rows } = tileGrid(width, height);
  return {
    profile,
    width,
    height,
    qualityPosition,
    decodeId,
    renderId,
    tileColumns: columns,
    tileRows: rows,
    offset: sections[0]?.offset ?? 0,
    bytes: sections.reduce(
      (sum, { offset, dataOffset, dataBytes }) => sum + dataOffset + dataBytes - offset,
      0,
    ),
    payloadBytes: tiles.reduce((sum, { bytes }) => sum + bytes - TILE_TRAILER.bytes, 0),
    tiles,
  };
}

/** Lists the fields of every section, in file order. */
export function listSections(
  bytes: Uint8Array,
  { header, sections }: Pick<Layout, 'header' | 'sections'>,
  sink: FieldSink,
): void {
  let tiles = 0;
  let layers = 0;
  for (const place of sections) {
    const kind = findSectionKind(place.tag, header.versionMinor);
    const name = tagName(place.tag, header.versionMinor);
    if (kind?.tag === TAG_TILE) {
      const tile = `${name} ${tiles++}`;
      listHead(place, tile, name, sink);
      listTile(bytes, tilePlace(place), tile, sink);
    } else if (kind?.tag === TAG_LAYER) {
      const layer = `${name} ${++layers}`;
      listHead(place, layer, name, sink);
      listLayer(bytes, place, layer, header, sink);
    } else {
      listHead(place, name, name, sink);
      const value = describeContent(bytes, place, kind);
      listBytes(`${name} content`, place.dataOffset, place.dataBytes, value, sink);
    }
  }
}

/** What a section that is neither tile nor layer holds, in words. */
function describeContent(
  bytes: Uint8Array,
  { offset, dataOffset, dataBytes }: SectionPlace,
  kind: SectionKind | undefined,
): string {
  const before = `of the ${offset} bytes before`;
  if (kind?.tag === TAG_PREFIX_CHECK) return `CRC-32 ${hexAt(bytes, dataOffset, dataBytes)} ${before}, holds`;
  if (kind?.tag === TAG_DIGEST) {
    return `SHA-256 ${hexAt(bytes, dataOffset, dataBytes)} ${before}, compared by verify`;
  }
  return `${dataBytes} bytes`;
}

function listHead(
  { tag, offset, dataOffset, dataBytes }: SectionPlace,
  name: string,
  kind: string,
  sink: FieldSink,
) {
  const need = isCritical(tag) ? 'critical' : 'ancillary';
  sink(`${name} tag`, offset, 1, `${tagDigits(tag)}: ${kind}, ${need}`);
  sink(`${name} length`, offset + 1, dataOffset - offset - 1, `${dataBytes} bytes`);
}

function listLayer(
  bytes: Uint8Array,
  place: SectionPlace,
  name: string,
  first: LayerHeader,
  sink: FieldSink,
) {
  const layer = readLayer(
    bytes,
    place,
    first,
    name,
    () => undefined,
    (field, offset, size, value) => sink(`${name} ${field}`, offset, size, value),
  );
  if (layer === undefined) {
    const value = `${place.dataBytes} bytes of a layer that this version does not know`;
    listBytes(`${name} content`, place.dataOffset, place.dataBytes, value, sink);
    return;
  }
  for (const [index, tile] of layer.tiles.entries()) listTile(bytes, tile, `${name} tile ${index}`, sink);
}

function listTile(bytes: Uint8Array, { offset, bytes: size }: TilePlace, name: string, sink: FieldSink) {
  const payloadBytes = size - TILE_TRAILER.bytes;
  const value = `${payloadBytes} range-coded bytes`;
  listBytes(`${name} payload`, offset, payloadBytes, value, sink);
  const check = hexAt(bytes, offset + payloadBytes, TILE_TRAILER.bytes);
  const trailer = `${name} ${TILE_TRAILER.name}`;
  sink(trailer, offset + payloadBytes, TILE_TRAILER.bytes, `${check}, compared after entropy decoding`);
}

/** Lists bytes unless there are none: a field is never empty, so that the fields of a file are its partition. */
function listBytes(name: string, offset: number, size: number, value: string, sink: FieldSink) {
  if (size > 0) sink(name, offset, size, value);
}

function hexAt(bytes: Uint8Array, offset: number, count: number): string {
  return readHex(openSlice(bytes, 'checksum', offset), count);
}

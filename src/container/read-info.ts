import { openSlice, readHex } from '../bytes/byte-slice.js';
import { tileGrid } from '../geometry.js';
import type { Limits } from '../limits.js';
import { FILE_CHECKSUM_BYTES } from './damage.js';
import type { DicmInfo, Field } from './dicm-file.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { readLayout } from './layout.js';
import type { SectionPlace } from './section-walk.js';
import { TAG_TILE, tagName } from './tags.js';

/**
 * Describes a .dicm file: the header and where every field and section lies. Makes the same checks as
 * `readDicm` and throws the same errors.
 *
 * @param bytes - The whole file.
 * @param limits - Overrides of `defaultLimits`.
 */
export function readInfo(bytes: Uint8Array, limits?: Partial<Limits>): DicmInfo {
  const fields: Field[] = [];
  const layout = readLayout(bytes, limits, (name, offset, size, value) => {
    fields.push({ name, offset, bytes: size, value });
  });
  const { header, tiles, ancillary } = layout;
  for (const [index, place] of tiles.entries()) fields.push(...tileFields(bytes, place, index));
  for (const place of ancillary) fields.push(...ancillaryFields(place));
  const end = bytes.length - FILE_CHECKSUM_BYTES;
  fields.push({
    name: 'file checksum',
    offset: end,
    bytes: FILE_CHECKSUM_BYTES,
    value: `CRC-32 ${hexAt(bytes, end, FILE_CHECKSUM_BYTES)}, holds`,
  });

  const payloadBytes = tiles.reduce((sum, { dataBytes }) => sum + dataBytes - TILE_CHECK_BYTES, 0);
  const { columns, rows } = tileGrid(header.width, header.height);
  return {
    header,
    fileBytes: bytes.length,
    payloadBytes,
    overheadBytes: bytes.length - payloadBytes,
    tileColumns: columns,
    tileRows: rows,
    sections: [...tiles, ...ancillary].map(({ tag, offset, dataOffset, dataBytes }) => ({
      tag: tagName(tag),
      offset,
      bytes: dataOffset + dataBytes - offset,
    })),
    fields,
  };
}

function tileFields(bytes: Uint8Array, place: SectionPlace, index: number): Field[] {
  const payloadBytes = place.dataBytes - TILE_CHECK_BYTES;
  const checkOffset = place.dataOffset + payloadBytes;
  const fields = headFields(place, `tile ${index}`);
  // A field is never empty, so that the fields of a file are its partition.
  if (payloadBytes > 0) {
    const value = `${payloadBytes} range-coded bytes`;
    fields.push({ name: `tile ${index} payload`, offset: place.dataOffset, bytes: payloadBytes, value });
  }
  fields.push({
    name: `tile ${index} integer check`,
    offset: checkOffset,
    bytes: TILE_CHECK_BYTES,
    value: `${hexAt(bytes, checkOffset, TILE_CHECK_BYTES)}, compared after entropy decoding`,
  });
  return fields;
}

function ancillaryFields(place: SectionPlace): Field[] {
  const name = tagName(place.tag);
  const fields = headFields(place, name);
  if (place.dataBytes > 0) {
    const value = `${place.dataBytes} bytes`;
    fields.push({ name: `${name} content`, offset: place.dataOffset, bytes: place.dataBytes, value });
  }
  return fields;
}

function headFields({ tag, offset, dataOffset, dataBytes }: SectionPlace, name: string): Field[] {
  const kind = tag === TAG_TILE ? 'tile' : tagName(tag);
  const need = tag === TAG_TILE ? 'critical' : 'ancillary';
  const digits = tag.toString(16).padStart(2, '0');
  return [
    { name: `${name} tag`, offset, bytes: 1, value: `0x${digits}: ${kind}, ${need}` },
    {
      name: `${name} length`,
      offset: offset + 1,
      bytes: dataOffset - offset - 1,
      value: `${dataBytes} bytes`,
    },
  ];
}

function hexAt(bytes: Uint8Array, offset: number, count: number): string {
  return readHex(openSlice(bytes, 'checksum', offset), count);
}

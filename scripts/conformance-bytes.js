// Builds .dicm bytes from the text of the format alone. It shares no code with src/, so a mistake there cannot
// hide in the fixtures.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * Big-endian unsigned integer of `count` bytes.
 *
 * @param {number} value
 * @param {number} count
 */
export function uint(value, count) {
  /** @type {number[]} */
  const bytes = [];
  for (let i = count - 1; i >= 0; i--) bytes.push(Math.floor(value / 256 ** i) % 256);
  return bytes;
}

/**
 * Bytes from hexadecimal digits, with any spacing.
 *
 * @param {string} digits
 */
export function hex(digits) {
  return [...Buffer.from(digits.replace(/\s/g, ''), 'hex')];
}

/**
 * Bytes of ASCII text.
 *
 * @param {string} text
 */
export function ascii(text) {
  return [...Buffer.from(text, 'latin1')];
}

/**
 * Shortest varint.
 *
 * @param {number} value
 */
export function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

export const SIGNATURE = hex('8e 64 0d 0a 0a');

/**
 * What a header is built from: the fields as the format counts them.
 *
 * @typedef {object} HeaderFields
 * @property {number} version
 * @property {number} quality
 * @property {number} orientation
 * @property {number} profile
 * @property {number} reserved
 * @property {number} unused
 * @property {string} decodeId
 * @property {string} renderId
 * @property {number} width
 * @property {number} height
 * @property {number[] | undefined} source
 * @property {boolean | undefined} long
 * @property {number | undefined} sourceForm
 */

/**
 * Header of the base case; every fixture names what differs.
 *
 * @type {HeaderFields}
 */
export const BASE = {
  version: 0x10,
  quality: 1024,
  orientation: 1,
  profile: 0,
  reserved: 0,
  unused: 0,
  decodeId: '1f2e3d4c',
  renderId: '5a69',
  width: 64,
  height: 48,
  source: undefined,
  long: undefined,
  sourceForm: undefined,
};

/**
 * Header bytes from the version on. `long` and `sourceForm` force a form; otherwise it is the right one.
 *
 * @param {Partial<HeaderFields>} changes
 */
export function header(changes = {}) {
  const h = { ...BASE, ...changes };
  const long = h.long ?? Math.max(h.width, h.height) > 4096;
  const form = h.sourceForm ?? (h.source === undefined ? 0 : Math.max(...h.source) > 65535 ? 2 : 1);
  const flags =
    h.quality * 2 ** 13 +
    (h.orientation - 1) * 2 ** 10 +
    h.profile * 2 ** 8 +
    (long ? 2 ** 7 : 0) +
    form * 2 ** 5 +
    h.reserved * 2 ** 2 +
    h.unused;
  const size = long
    ? [...uint(h.width, 4), ...uint(h.height, 4)]
    : uint((h.width - 1) * 4096 + h.height - 1, 3);
  const side = form === 1 ? 2 : 4;
  const source = form === 0 || form === 3 ? [] : (h.source ?? []).flatMap((pixels) => uint(pixels, side));
  return [h.version, ...uint(flags, 3), ...hex(h.decodeId), ...hex(h.renderId), ...size, ...source];
}

/**
 * A payload that only fills its place: at this level a range-coded stream is just bytes.
 *
 * @param {number} count
 */
export function payload(count) {
  return Array.from({ length: count }, (_, i) => (i * 73 + 29) % 256);
}

/**
 * A section; `length` replaces the bytes of the length, for sections that lie.
 *
 * @param {number} tag
 * @param {number[]} content
 */
export function section(tag, content, length = varint(content.length)) {
  return [tag, ...length, ...content];
}

/**
 * A tile section with a stand-in payload of `count` bytes.
 *
 * @param {number} count
 */
export function tile(count, check = 0xbeef) {
  return section(0x81, [...payload(count), ...uint(check, 2)]);
}

/**
 * A whole file with a checksum that holds.
 *
 * @param {...number[]} parts
 */
export function file(...parts) {
  const body = [...SIGNATURE, ...parts.flat()];
  return [...body, ...uint(crc32(Uint8Array.from(body)), 4)];
}

/**
 * A check of everything before it, as it stands behind `parts`; `value` replaces the CRC-32.
 *
 * @param {number[][]} parts
 * @param {number[] | undefined} value
 */
export function prefixCheck(parts, value = undefined) {
  const before = Uint8Array.from([...SIGNATURE, ...parts.flat()]);
  return section(0x04, value ?? uint(crc32(before), 4));
}

/**
 * A digest of everything before it, as it stands behind `parts`; `value` replaces the SHA-256.
 *
 * @param {number[][]} parts
 * @param {number[] | undefined} value
 */
export function digest(parts, value = undefined) {
  const before = Uint8Array.from([...SIGNATURE, ...parts.flat()]);
  return section(0x06, value ?? [...createHash('sha256').update(before).digest()]);
}

/**
 * What a layer is built from: its fields as the format counts them, and the payload bytes of each tile.
 *
 * @typedef {object} LayerFields
 * @property {number} quality
 * @property {number} profile
 * @property {number} reserved
 * @property {string} decodeId
 * @property {string} renderId
 * @property {number} width
 * @property {number} height
 * @property {number | undefined} sizeForm
 * @property {number[]} tiles
 * @property {number} check
 */

/**
 * The view layer of the base case.
 *
 * @type {LayerFields}
 */
export const VIEW = {
  quality: 300,
  profile: 1,
  reserved: 0,
  decodeId: 'a1b2c3d4',
  renderId: 'e5f6',
  width: 600,
  height: 450,
  sizeForm: undefined,
  tiles: [30, 10],
  check: 0xcafe,
};

/**
 * Header of a layer behind a first layer of `width` by `height` pixels. `sizeForm` forces a form; otherwise it is the
 * right one.
 *
 * @param {Partial<LayerFields>} changes
 * @param {{ width: number, height: number }} first
 */
export function layerHeader(changes = {}, first = BASE) {
  const l = { ...VIEW, ...changes };
  const same = l.width === first.width && l.height === first.height;
  const form = l.sizeForm ?? (same ? 0 : Math.max(l.width, l.height) > 4096 ? 2 : 1);
  const flags = l.quality * 2 ** 5 + l.profile * 2 ** 3 + form * 2 + l.reserved;
  const long = [...uint(l.width, 4), ...uint(l.height, 4)];
  const short = uint((l.width - 1) * 4096 + l.height - 1, 3);
  const size = form === 1 ? short : form === 2 ? long : [];
  return [...uint(flags, 2), ...hex(l.decodeId), ...hex(l.renderId), ...size];
}

/**
 * Content of a layer section.
 *
 * @param {Partial<LayerFields>} changes
 * @param {{ width: number, height: number } | undefined} first
 */
export function layer(changes = {}, first = undefined) {
  const { tiles, check } = { ...VIEW, ...changes };
  return [
    ...layerHeader(changes, first),
    ...tiles.flatMap((count) => varint(count + 2)),
    ...tiles.flatMap((count) => [...payload(count), ...uint(check, 2)]),
  ];
}

/**
 * A whole file whose first layer, of `parts`, has a check behind it, and then `others`.
 *
 * @param {number[][]} parts
 * @param {number[][]} others
 */
export function layeredFile(parts, ...others) {
  return file(...parts, prefixCheck(parts), ...others);
}

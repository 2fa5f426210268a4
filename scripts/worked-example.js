// Writes a worked example of format-spec/v1: one file taken apart byte by byte. The text is computed from the
// bytes, and a test compares it with the committed page, so that it cannot drift from format or file.
//   npm run build && node scripts/worked-example.js FILE [PAGE]
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @import { DicmInfo, Field, LayerInfo } from '../src/container/index.js' */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = 'format-spec/v1/worked-example.md';

/** Size forms of a layer, by number. */
const SIZE_FORMS = [
  'coded size of the first layer',
  'coded size in the short form',
  'coded size in the long form',
];

/** Rows of a hex dump shown at its start and at its end when the file is long. */
const HEAD_ROWS = 24;
const TAIL_ROWS = 8;

/** Bytes of a field shown in a table. */
const SHOWN_BYTES = 8;

/**
 * Heading in dicm-v1.md of the section that defines a field, by the name of the field.
 *
 * @type {[pattern: RegExp, heading: string][]}
 */
const DEFINED_IN = [
  [/^signature$/, '3 Signature and version'],
  [/^version$/, '3 Signature and version'],
  [/^flags$/, '4.1 Flags'],
  [/^layer \d+ (flags|tile \d+ length)$/, '12.1 Layers'],
  [/^prefix-check content$/, '12.2 Prefix check'],
  [/ id$/, '4.3 Model identity'],
  [/coded size$/, '4.4 Coded size'],
  [/^source size$/, '4.5 Source size'],
  [/ payload$/, '6 Tiles'],
  [/ integer check$|^file checksum$/, '7 Checksums'],
  [/./, '5 Sections'],
];

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** @param {Uint8Array} bytes */
function hexDump(bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const text = [...row]
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'))
      .join('');
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hexOf(row).padEnd(47)}  ${text}`);
  }
  const hidden = rows.length - HEAD_ROWS - TAIL_ROWS;
  if (hidden > 1) rows.splice(HEAD_ROWS, hidden, `          ... ${hidden} rows of payload ...`);
  return ['```', ...rows, '```'];
}

/** @param {Uint8Array} bytes @param {readonly Field[]} fields */
function fieldTable(bytes, fields) {
  const rows = fields.map(({ name, offset, bytes: size, value }) => {
    const shown = hexOf(bytes.subarray(offset, offset + Math.min(size, SHOWN_BYTES)));
    const heading = DEFINED_IN.find(([pattern]) => pattern.test(name))?.[1] ?? '';
    const anchor = heading.toLowerCase().replaceAll('.', '').replaceAll(' ', '-');
    const number = heading.split(' ')[0];
    const more = size > SHOWN_BYTES ? ' …' : '';
    return `| ${offset} | ${size} | \`${shown}\`${more} | ${name} | ${value} | [${number}](dicm-v1.md#${anchor}) |`;
  });
  return ['| offset | bytes | content | field | value | section |', '|---|---|---|---|---|---|', ...rows];
}

/** @param {number} value @param {number} count */
function bits(value, count) {
  return value.toString(2).padStart(count, '0');
}

/** @param {Uint8Array} bytes @param {number} offset @param {number} count */
function numberAt(bytes, offset, count) {
  return bytes.subarray(offset, offset + count).reduce((value, byte) => value * 256 + byte, 0);
}

/** @param {Uint8Array} bytes @param {Field} field */
function explainFlags(bytes, { offset }) {
  const flags = numberAt(bytes, offset, 3);
  const text = bits(flags, 24);
  const quality = flags >> 13;
  const orientation = (flags >> 10) & 7;
  const profile = (flags >> 8) & 3;
  const form = (flags >> 5) & 3;
  return [
    `**Flags.** \`${hexOf(bytes.subarray(offset, offset + 3))}\` is, bit by bit from bit 23 down:`,
    '',
    '| bits | pattern | number | meaning |',
    '|---|---|---|---|',
    `| 23 to 13 | \`${text.slice(0, 11)}\` | ${quality} | quality position; quality 1 + 99 · ${quality} / 2047 = ${(1 + (99 * quality) / 2047).toFixed(2)} |`,
    `| 12 to 10 | \`${text.slice(11, 14)}\` | ${orientation} | orientation ${orientation + 1} |`,
    `| 9 to 8 | \`${text.slice(14, 16)}\` | ${profile} | ${['semantic', 'perceptual'][profile]} profile |`,
    `| 7 | \`${text[16]}\` | ${text[16]} | coded size in the ${text[16] === '0' ? 'short' : 'long'} form |`,
    `| 6 to 5 | \`${text.slice(17, 19)}\` | ${form} | ${['no source size', 'source size of two bytes a side', 'source size of four bytes a side'][form]} |`,
    `| 4 to 2 | \`${text.slice(19, 22)}\` | ${bitsToNumber(text.slice(19, 22))} | reserved, must be zero |`,
    `| 1 to 0 | \`${text.slice(22)}\` | ${bitsToNumber(text.slice(22))} | unused |`,
  ];
}

/** @param {string} text */
function bitsToNumber(text) {
  return Number.parseInt(text, 2);
}

/** @param {Uint8Array} bytes @param {Field} field */
function explainLayerFlags(bytes, { name, offset }) {
  const flags = numberAt(bytes, offset, 2);
  const text = bits(flags, 16);
  const quality = flags >> 5;
  const profile = (flags >> 3) & 3;
  const form = (flags >> 1) & 3;
  return [
    `**${capitalised(name)}.** \`${hexOf(bytes.subarray(offset, offset + 2))}\` is, bit by bit from bit 15 down:`,
    '',
    '| bits | pattern | number | meaning |',
    '|---|---|---|---|',
    `| 15 to 5 | \`${text.slice(0, 11)}\` | ${quality} | quality position; quality 1 + 99 · ${quality} / 2047 = ${(1 + (99 * quality) / 2047).toFixed(2)} |`,
    `| 4 to 3 | \`${text.slice(11, 13)}\` | ${profile} | ${['semantic', 'perceptual'][profile]} profile |`,
    `| 2 to 1 | \`${text.slice(13, 15)}\` | ${form} | ${SIZE_FORMS[form]} |`,
    `| 0 | \`${text[15]}\` | ${text[15]} | reserved, zero |`,
  ];
}

/** @param {string} name */
function capitalised(name) {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** @param {Uint8Array} bytes @param {Field} field */
function explainCodedSize(bytes, { name, offset, bytes: size }) {
  const digits = hexOf(bytes.subarray(offset, offset + size));
  if (size === 8) {
    return [
      `**${capitalised(name)}.** \`${digits}\`: ${numberAt(bytes, offset, 4)} by ${numberAt(bytes, offset + 4, 4)} pixels.`,
    ];
  }
  const packed = numberAt(bytes, offset, 3);
  const [w, h] = [Math.floor(packed / 4096), packed % 4096];
  return [
    `**${capitalised(name)}.** \`${digits}\` is ${packed} = ${w} · 4096 + ${h}, so the picture has ${w + 1} by ${h + 1} pixels.`,
  ];
}

/** @param {Uint8Array} bytes @param {Field} field */
function explainSourceSize(bytes, { offset, bytes: size }) {
  const half = size / 2;
  const sides = [offset, offset + half].map(
    (at) => `\`${hexOf(bytes.subarray(at, at + half))}\` = ${numberAt(bytes, at, half)}`,
  );
  return [`**Source size.** ${sides.join(' by ')} pixels.`];
}

/** @param {Uint8Array} bytes @param {Field} field */
function explainLength(bytes, { name, offset, bytes: size }) {
  const terms = [...bytes.subarray(offset, offset + size)].map((byte, i) => `${byte & 127} · 128^${i}`);
  const value = [...bytes.subarray(offset, offset + size)].reduce(
    (sum, byte, i) => sum + (byte & 127) * 128 ** i,
    0,
  );
  const tile = /tile \d+ length$/.test(name)
    ? `, of which 2 are the integer check and ${value - 2} the payload`
    : '';
  return [
    `**${capitalised(name)}.** The varint \`${hexOf(bytes.subarray(offset, offset + size))}\` is ${terms.join(' + ')} = ${value} bytes${tile}.`,
  ];
}

/** @param {LayerInfo} layer @param {string} name */
function explainGrid({ width, height, tileColumns, tileRows }, name) {
  const [w, h] = [Math.min(width, 512), Math.min(height, 512)];
  const [hy, wy] = [Math.ceil(h / 16), Math.ceil(w / 16)];
  return [
    `**${name}.** ceil(${width} / 512) · ceil(${height} / 512) = ${tileColumns} · ${tileRows}. The first has ${w} by ${h} pixels, so its latent grid has ${hy} rows and ${wy} columns, and its hyper-latent grid ${Math.ceil(hy / 4)} rows and ${Math.ceil(wy / 4)} columns.`,
  ];
}

/**
 * Everything about one further layer but its lengths.
 *
 * @param {Uint8Array} bytes
 * @param {LayerInfo} layer
 * @param {string} name Its name in the fields.
 * @param {ReadonlyMap<string, Field>} fields
 */
function explainLayer(bytes, layer, name, fields) {
  const flags = fields.get(`${name} flags`);
  const size = fields.get(`${name} coded size`);
  const [first, ...others] = layer.tiles;
  const begin = first === undefined ? '' : ` The first tile begins behind the lengths, at ${first.offset}`;
  const places = others.map(
    ({ offset }, i) =>
      `the next at ${offset - (layer.tiles[i]?.bytes ?? 0)} + ${layer.tiles[i]?.bytes} = ${offset}`,
  );
  const grid = explainGrid(layer, `${capitalised(name)} tiles`).map(
    (text) => `${text}${[begin, ...places].join(', ')}.`,
  );
  return [
    ...(flags === undefined ? [] : [...explainLayerFlags(bytes, flags), '']),
    ...(size === undefined ? [] : [...explainCodedSize(bytes, size), '']),
    ...grid,
    '',
  ];
}

/**
 * @param {Uint8Array} bytes
 * @param {Field} field
 */
function explainPrefixCheck(bytes, { offset, bytes: size }) {
  const before = offset - 2;
  return [
    `**Prefix check.** The CRC-32 of the ${before} bytes from offset 0 to ${before - 1} is \`${hexOf(bytes.subarray(offset, offset + size))}\`. Whoever has the first ${offset + size} bytes has the first layer, and can prove it.`,
    '',
  ];
}

/**
 * The page about one file.
 *
 * @param {string} name - Path of the file from the repository root.
 * @param {Uint8Array} bytes - The file.
 * @param {DicmInfo} info - What `readInfo` of dicm/container says about it.
 */
export function workedExample(name, bytes, info) {
  const fields = new Map(info.fields.map((field) => [field.name, field]));
  /** @param {string} wanted */
  const field = (wanted) => /** @type {Field} */ (fields.get(wanted));
  const source = fields.get('source size');
  const prefixCheck = fields.get('prefix-check content');
  const lines = [
    '# A file, byte by byte',
    '',
    `<!-- file: ${name} -->`,
    '',
    `Written by \`scripts/worked-example.js\` from [\`${name}\`](../../${name}); do not edit. The rules are in [dicm-v1.md](dicm-v1.md).`,
    '',
    `The file has ${info.fileBytes} bytes: ${info.payloadBytes} range-coded and ${info.overheadBytes} for everything else.`,
    '',
    ...hexDump(bytes),
    '',
    '## Fields',
    '',
    ...fieldTable(bytes, info.fields),
    '',
    '## Arithmetic',
    '',
    ...explainFlags(bytes, field('flags')),
    '',
    ...explainCodedSize(bytes, field('coded size')),
    '',
    ...(source === undefined ? [] : [...explainSourceSize(bytes, source), '']),
    ...info.layers.slice(0, 1).flatMap((layer) => explainGrid(layer, 'Tiles')),
    '',
    ...(prefixCheck === undefined ? [] : explainPrefixCheck(bytes, prefixCheck)),
    ...info.layers.slice(1).flatMap((layer, i) => explainLayer(bytes, layer, `layer ${i + 1}`, fields)),
    ...info.fields
      .filter((each) => each.name.endsWith(' length'))
      .flatMap((each) => [...explainLength(bytes, each), '']),
    `**File checksum.** The CRC-32 of the ${info.fileBytes - 4} bytes from offset 0 to ${info.fileBytes - 5} is \`${hexOf(bytes.subarray(-4))}\`. The integer check of a tile can be compared only after decoding its payload, which [entropy coding](entropy-coding.md) describes.`,
  ];
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, page = PAGE] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write('usage: node scripts/worked-example.js FILE [PAGE]\n');
    process.exitCode = 2;
  } else {
    const { readInfo } = await import('#dicm/container/index.js');
    const bytes = new Uint8Array(readFileSync(file));
    const name = relative(ROOT, resolve(file)).replaceAll('\\', '/');
    writeFileSync(resolve(ROOT, page), workedExample(name, bytes, readInfo(bytes)));
  }
}

// Writes format-spec/v1/worked-example.md: one file taken apart byte by byte. The text is computed from the
// bytes, and a test compares it with the committed page, so that it cannot drift from format or file.
//   npm run build && node scripts/worked-example.js FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @import { DicmInfo, Field } from '../src/container/index.js' */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = 'format-spec/v1/worked-example.md';

/** Rows of a hex dump shown at its start and at its end when the file is long. */
const HEAD_ROWS = 24;
const TAIL_ROWS = 8;

/** Bytes of a field shown in a table. */
const SHOWN_BYTES = 8;

/**
 * Section of dicm-v1.md that defines a field, by the last word or words of its name.
 *
 * @type {[pattern: RegExp, anchor: string][]}
 */
const DEFINED_IN = [
  [/^signature$/, '3-signature-and-version'],
  [/^version$/, '3-signature-and-version'],
  [/^flags$/, '41-flags'],
  [/ id$/, '43-model-identity'],
  [/^coded size$/, '44-coded-size'],
  [/^source size$/, '45-source-size'],
  [/ payload$/, '6-tiles'],
  [/check/, '7-checksums'],
  [/./, '5-sections'],
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
    const anchor = DEFINED_IN.find(([pattern]) => pattern.test(name))?.[1] ?? '';
    const number = anchor.replace(/-.*/, '').split('').join('.');
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
function explainCodedSize(bytes, { offset, bytes: size }) {
  const digits = hexOf(bytes.subarray(offset, offset + size));
  if (size === 8) {
    return [
      `**Coded size.** \`${digits}\`: ${numberAt(bytes, offset, 4)} by ${numberAt(bytes, offset + 4, 4)} pixels.`,
    ];
  }
  const packed = numberAt(bytes, offset, 3);
  const [w, h] = [Math.floor(packed / 4096), packed % 4096];
  return [
    `**Coded size.** \`${digits}\` is ${packed} = ${w} · 4096 + ${h}, so the picture has ${w + 1} by ${h + 1} pixels.`,
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
  const tile = name.startsWith('tile')
    ? `, of which 2 are the integer check and ${value - 2} the payload`
    : '';
  return [
    `**${name.slice(0, 1).toUpperCase()}${name.slice(1)}.** The varint \`${hexOf(bytes.subarray(offset, offset + size))}\` is ${terms.join(' + ')} = ${value} bytes${tile}.`,
  ];
}

/** @param {DicmInfo} info */
function explainGrid({ header, tileColumns, tileRows }) {
  const { width, height } = header;
  const [w, h] = [Math.min(width, 512), Math.min(height, 512)];
  const [hy, wy] = [Math.ceil(h / 16), Math.ceil(w / 16)];
  return [
    `**Tiles.** ceil(${width} / 512) · ceil(${height} / 512) = ${tileColumns} · ${tileRows}. The first has ${w} by ${h} pixels, so its latent grid has ${hy} rows and ${wy} columns, and its hyper-latent grid ${Math.ceil(hy / 4)} rows and ${Math.ceil(wy / 4)} columns.`,
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
    ...explainGrid(info),
    '',
    ...info.fields
      .filter((each) => each.name.endsWith(' length'))
      .flatMap((each) => [...explainLength(bytes, each), '']),
    `**File checksum.** The CRC-32 of the ${info.fileBytes - 4} bytes from offset 0 to ${info.fileBytes - 5} is \`${hexOf(bytes.subarray(-4))}\`. The integer check of a tile can be compared only after decoding its payload, which [entropy coding](entropy-coding.md) describes.`,
  ];
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2];
  if (file === undefined) {
    process.stderr.write('usage: node scripts/worked-example.js FILE\n');
    process.exitCode = 2;
  } else {
    const { readInfo } = await import('#dicm/container/index.js');
    const bytes = new Uint8Array(readFileSync(file));
    const name = relative(ROOT, resolve(file)).replaceAll('\\', '/');
    writeFileSync(resolve(ROOT, PAGE), workedExample(name, bytes, readInfo(bytes)));
  }
}

// The container-level conformance cases of files of one layer, and the list of all cases: bytes, what they show, and
// what a reader must say. Those of layers and prefixes are in layer-cases.js, of the digest in digest-cases.js.
import {
  ascii,
  file,
  header,
  hex,
  payload,
  SIGNATURE,
  section,
  tile,
  uint,
  varint,
} from './conformance-bytes.js';
import { at, changed, found, refused } from './conformance-expectations.js';
import { DIGEST_CASES } from './digest-cases.js';
import { LAYER_CASES } from './layer-cases.js';

/** @import { HeaderFields } from './conformance-bytes.js' */
/** @import { Ancillary, ConformanceCase } from './conformance-expectations.js' */

const base = file(header(), tile(20));
const withSource = { width: 512, height: 341, source: [2560, 1706], orientation: 6, quality: 1137 };

/**
 * @param {string} name
 * @param {string[]} musts
 * @param {string} what
 * @param {Partial<HeaderFields>} changes
 * @param {number[]} tiles Payload bytes of each.
 * @param {Ancillary[]} ancillary
 * @returns {ConformanceCase}
 */
function valid(name, musts, what, changes, tiles, ancillary = [], more = {}) {
  const sections = ancillary.map(([tag, data]) => section(tag, data));
  const bytes = file(header(changes), ...tiles.map((count) => tile(count)), ...sections);
  return {
    path: `valid/${name}.dicm`,
    musts,
    what,
    bytes,
    expect: { ...found(changes, tiles, ancillary), ...more },
  };
}

const damaged = refused('invalid', 'FormatError', 3);
const unsupported = refused('invalid', 'UnsupportedError', 4);
const regressed = refused('regressions', 'FormatError', 3);
const limited = refused('limits', 'LimitError', 7);

/**
 * Every byte through `convert`, which may return several or none.
 *
 * @param {number[]} bytes
 * @param {(byte: number, before: number | undefined, after: number | undefined) => number[]} convert
 */
function converted(bytes, convert) {
  return bytes.flatMap((byte, i) => convert(byte, bytes[i - 1], bytes[i + 1]));
}

const LF = 0x0a;
const CR = 0x0d;

const VALID = [
  valid(
    'one-tile',
    ['DICM-G-01', 'DICM-C-01', 'DICM-X-01', 'DICM-T-01'],
    'The smallest usual case: one tile and no source size; everything but the payload is 26 bytes.',
    {},
    [20],
  ),
  valid(
    'one-tile-with-source',
    ['DICM-H-05', 'DICM-H-07', 'DICM-H-09'],
    'A photograph of 2560 x 1706 pixels, turned by the encoder (orientation 6) and fitted to 512 x 341: sides come back as stored, not swapped. The length of the tile takes two bytes; everything but the payload is 31 bytes.',
    withSource,
    [300],
  ),
  valid(
    'smallest-sides',
    ['DICM-H-06', 'DICM-T-04'],
    'One pixel: latent and hyper-latent grids of 1 x 1.',
    { width: 1, height: 1 },
    [3],
  ),
  valid(
    'empty-payload',
    ['DICM-T-03'],
    'A tile section of exactly two bytes: a payload of none. The container accepts it; whether an entropy decoder does is not its business.',
    {},
    [0],
  ),
  valid(
    'four-tiles',
    ['DICM-T-01', 'DICM-T-04'],
    'A picture of 530 x 513 pixels: 2 x 2 tiles, the last of 18 x 1 pixels, each with its own length.',
    { width: 530, height: 513 },
    [40, 30, 20, 10],
  ),
  valid(
    'long-coded-size',
    ['DICM-H-07', 'DICM-T-01'],
    'A strip of 4097 x 8 pixels: the long form of the coded size, nine tiles.',
    { width: 4097, height: 8 },
    [9, 8, 7, 6, 5, 4, 3, 2, 1],
  ),
  valid(
    'short-coded-size-limit',
    ['DICM-H-07'],
    'A strip of 4096 x 8 pixels: the largest side of the short form, eight tiles.',
    { width: 4096, height: 8 },
    [8, 7, 6, 5, 4, 3, 2, 1],
  ),
  valid(
    'source-65535',
    ['DICM-H-09'],
    'Source sides of 65535 pixels: the largest of the short form.',
    { source: [65535, 65535] },
    [20],
  ),
  valid(
    'source-65536',
    ['DICM-H-09'],
    'A source side of 65536 pixels: the smallest of the long form.',
    { source: [65536, 2] },
    [20],
  ),
  valid(
    'lowest-quality',
    ['DICM-Q-01'],
    'Quality position 0, which is quality 1.',
    { quality: 0 },
    [20],
    [],
    { quality: 1 },
  ),
  valid(
    'highest-quality',
    ['DICM-Q-01'],
    'Quality position 2047, which is quality 100; all bits of the field set.',
    { quality: 2047 },
    [20],
    [],
    { quality: 100 },
  ),
  valid('perceptual', ['DICM-H-04'], 'The second profile that is assigned.', { profile: 1 }, [20]),
  valid(
    'every-orientation-bit',
    ['DICM-H-05'],
    'Orientation 8, all bits of the field set.',
    { orientation: 8 },
    [20],
  ),
  valid(
    'unused-flags',
    ['DICM-H-03'],
    'Both unused flags set: ignored. A rewriter clears them, so this file does not come back byte for byte.',
    { unused: 3 },
    [20],
    [],
    { rewrites: false },
  ),
  valid('newer-minor-version', ['DICM-V-02'], 'Version 1.15 opens like 1.0.', { version: 0x1f }, [20]),
  valid(
    'icc-and-exif',
    ['DICM-X-08', 'DICM-X-09'],
    'Both known ancillary sections, with content that is neither an ICC profile nor Exif: the picture does not depend on it.',
    {},
    [20],
    [
      [0x02, ascii('not a profile')],
      [0x03, ascii('not Exif')],
    ],
  ),
  valid(
    'unknown-ancillary',
    ['DICM-X-03', 'DICM-X-04'],
    'Ancillary sections of unknown and private tags, one of them empty and one twice: skipped when read, kept in this order when rewritten.',
    {},
    [20],
    [
      [0x3f, hex('00ff')],
      [0x1a, []],
      [0x3f, hex('01')],
    ],
  ),
  valid(
    'most-ancillary-sections',
    ['DICM-X-07'],
    '255 empty ancillary sections, as many as there may be.',
    {},
    [5],
    Array.from({ length: 255 }, () => [0x30, []]),
  ),
  valid(
    'unknown-model',
    ['DICM-M-01'],
    'A whole file that names a model nobody has: the container opens it, a decoder reports `model-missing`, exit 6, with both ids.',
    { decodeId: '00000000', renderId: '0000' },
    [20],
    [],
    { decodes: 'model-missing' },
  ),
  valid(
    'newer-render-id',
    ['DICM-M-02'],
    'As `one-tile` with another render id: whatever decodes the one decodes the other.',
    { renderId: 'ffff' },
    [20],
  ),
];

/** @param {number[]} bytes */
const ctrlRange = (bytes) => bytes.map((byte) => byte & 0x7f);

const SIGNATURES = [
  damaged('empty', ['DICM-C-02'], 'truncated', 'No byte at all.', [], { offset: 0, section: 'signature' }),
  damaged('signature-only', ['DICM-C-02'], 'truncated', 'The signature and nothing else.', SIGNATURE, {
    offset: 5,
    section: 'version',
  }),
  damaged(
    'signature-cut',
    ['DICM-G-01'],
    'truncated',
    'The first three bytes of the signature.',
    SIGNATURE.slice(0, 3),
    { offset: 3, section: 'signature' },
  ),
  damaged(
    'wrong-first-byte',
    ['DICM-G-01'],
    'bad-signature',
    'One bit of the first byte differs. The rest has bytes above 127, so this is no transfer in seven bits.',
    changed(base, 0, 0x8f),
    { offset: 0, section: 'signature' },
  ),
  damaged(
    'text-lf-to-crlf',
    ['DICM-G-02'],
    'text-damage',
    'Every LF turned into CR LF.',
    converted(base, (b) => (b === LF ? [CR, LF] : [b])),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-lone-lf-to-crlf',
    ['DICM-G-02'],
    'text-damage',
    'Every LF that follows no CR turned into CR LF.',
    converted(base, (b, before) => (b === LF && before !== CR ? [CR, LF] : [b])),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-crlf-to-lf',
    ['DICM-G-02'],
    'text-damage',
    'Every CR LF turned into LF.',
    converted(base, (b, _, after) => (b === CR && after === LF ? [] : [b])),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-lf-to-cr',
    ['DICM-G-02'],
    'text-damage',
    'Every LF turned into CR.',
    converted(base, (b) => (b === LF ? [CR] : [b])),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-seven-bits',
    ['DICM-G-02'],
    'text-damage',
    'The top bit of every byte cleared.',
    ctrlRange(base),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-latin1-to-utf8',
    ['DICM-G-02'],
    'text-damage',
    'Read as Latin-1, written as UTF-8.',
    [...Buffer.from(Buffer.from(base).toString('latin1'), 'utf8')],
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-read-as-utf8',
    ['DICM-G-02'],
    'text-damage',
    'Read as UTF-8 and written again: bytes outside ASCII became replacement characters.',
    [...Buffer.from(Buffer.from(base).toString('utf8'), 'utf8')],
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-question-marks',
    ['DICM-G-02'],
    'text-damage',
    'Bytes outside ASCII replaced by question marks.',
    base.map((b) => (b > 127 ? 0x3f : b)),
    { refines: 'bad-signature' },
  ),
  damaged(
    'text-base64',
    ['DICM-G-02'],
    'text-damage',
    'Still in base64.',
    ascii(Buffer.from(base).toString('base64')),
    { refines: 'bad-signature' },
  ),
  damaged(
    'jpeg',
    ['DICM-G-02'],
    'foreign-format',
    'The first bytes of a JPEG image.',
    hex('ffd8ffe000104a46494600010100'),
    { refines: 'bad-signature', says: 'JPEG' },
  ),
  damaged(
    'png',
    ['DICM-G-02'],
    'foreign-format',
    'The first bytes of a PNG image.',
    hex('89504e470d0a1a0a0000000d49484452'),
    { refines: 'bad-signature', says: 'PNG' },
  ),
  damaged(
    'webp',
    ['DICM-G-02'],
    'foreign-format',
    'The first bytes of a WebP image.',
    [...ascii('RIFF'), ...hex('24000000'), ...ascii('WEBPVP8 ')],
    { refines: 'bad-signature', says: 'WebP' },
  ),
  damaged(
    'dicom',
    ['DICM-G-02'],
    'foreign-format',
    'The first bytes of a DICOM file: a preamble of 128 zeros and the letters that are not ours.',
    [...Array(128).fill(0), ...ascii('DICM'), ...hex('02000000554c0400')],
    { refines: 'bad-signature', says: 'DICOM' },
  ),
  damaged('words', ['DICM-G-01'], 'bad-signature', 'Plain words.', ascii('This is no picture.\n')),
];

const VERSIONS = [
  unsupported(
    'newer-major-version',
    ['DICM-V-01'],
    'newer-version',
    'Version 2.3 with a checksum that holds: both versions are stated.',
    file(header({ version: 0x23 }), tile(20)),
    { says: 'format version 2.3 but this program reads up to 1' },
  ),
  unsupported(
    'newer-major-version-other-checksum',
    ['DICM-V-01', 'DICM-O-02'],
    'newer-version',
    'Version 15.0 without a checksum that version 1 would accept.',
    changed(base, 5, 0xf0),
    { says: 'format version 15.0 but this program reads up to 1' },
  ),
  damaged(
    'version-zero',
    ['DICM-V-03'],
    'bad-version',
    'Version 0.9, which never existed.',
    file(header({ version: 0x09 }), tile(20)),
    { offset: 5, section: 'version' },
  ),
];

const HEADERS = [
  damaged(
    'header-cut',
    ['DICM-H-01'],
    'truncated',
    'A file that ends inside the render id, with a checksum that holds.',
    file(header().slice(0, 9)),
    { offset: 13, section: 'header' },
  ),
  ...[1, 2, 4].map((bit) =>
    unsupported(
      `reserved-flag-${Math.log2(bit) + 2}`,
      ['DICM-H-02'],
      'reserved-bits',
      `Reserved flag in bit ${Math.log2(bit) + 2} set.`,
      file(header({ reserved: bit }), tile(20)),
    ),
  ),
  unsupported(
    'reserved-source-form',
    ['DICM-H-02'],
    'reserved-bits',
    'Source form 3.',
    file(header({ sourceForm: 3 }), tile(20)),
  ),
  ...[2, 3].map((profile) =>
    unsupported(
      `unknown-profile-${profile}`,
      ['DICM-H-04'],
      'unknown-profile',
      `Profile ${profile}.`,
      file(header({ profile }), tile(20)),
    ),
  ),
  damaged(
    'zero-width',
    ['DICM-H-06'],
    'zero-size',
    'A coded picture of 0 x 5000 pixels, in the long form.',
    file(header({ width: 0, height: 5000, long: true }), tile(20)),
    { offset: 15, section: 'header' },
  ),
  damaged(
    'zero-height',
    ['DICM-H-06'],
    'zero-size',
    'A coded picture of 5000 x 0 pixels, in the long form.',
    file(header({ width: 5000, height: 0, long: true }), tile(20)),
    { offset: 15, section: 'header' },
  ),
  damaged(
    'long-form-of-small-size',
    ['DICM-H-07'],
    'not-canonical',
    '4096 x 48 pixels in the long form.',
    file(header({ width: 4096, height: 48, long: true }), ...Array.from({ length: 8 }, () => tile(2))),
    { offset: 15, section: 'header' },
  ),
  damaged(
    'zero-source',
    ['DICM-H-08'],
    'zero-size',
    'A source of 100 x 0 pixels.',
    file(header({ source: [100, 0] }), tile(20)),
    { offset: 18, section: 'header' },
  ),
  damaged(
    'needless-source',
    ['DICM-H-09'],
    'not-canonical',
    'A source size equal to the coded size.',
    file(header({ source: [64, 48] }), tile(20)),
    { offset: 18, section: 'header' },
  ),
  damaged(
    'long-form-of-small-source',
    ['DICM-H-09'],
    'not-canonical',
    'A source of 640 x 480 pixels with four bytes a side.',
    file(header({ source: [640, 480], sourceForm: 2 }), tile(20)),
    { offset: 18, section: 'header' },
  ),
];

const twoTiles = { width: 600, height: 48 };

const SECTIONS = [
  damaged(
    'overlong-varint',
    ['DICM-N-01'],
    'not-canonical',
    'The tile length 22 written in two bytes.',
    file(header(), section(0x81, payload(22), hex('96 00'))),
    { offset: 19 },
  ),
  damaged(
    'overlong-zero',
    ['DICM-N-01'],
    'not-canonical',
    'The length 0 of an ancillary section written in two bytes.',
    file(header(), tile(2), section(0x30, [], hex('80 00'))),
    { offset: 25 },
  ),
  damaged(
    'varint-above-32-bits',
    ['DICM-N-02'],
    'bad-varint',
    'The tile length 2^32.',
    file(header(), section(0x81, payload(22), hex('80 80 80 80 10'))),
    { offset: 19 },
  ),
  damaged(
    'varint-without-end',
    ['DICM-N-02'],
    'bad-varint',
    'A length of six bytes whose value is zero.',
    file(header(), section(0x81, payload(22), hex('80 80 80 80 80 00'))),
    { offset: 19 },
  ),
  damaged(
    'length-one-too-long',
    ['DICM-X-01'],
    'bad-length',
    'The tile reaches one byte into the checksum.',
    file(header(), section(0x81, payload(22), varint(23))),
    { offset: 18 },
  ),
  damaged(
    'length-4-gibibytes',
    ['DICM-X-01', 'DICM-L-02'],
    'bad-length',
    'A tile of 2^32 - 1 bytes in a file of 50.',
    file(header(), section(0x81, payload(22), varint(2 ** 32 - 1))),
    { offset: 18 },
  ),
  damaged(
    'length-one-too-short',
    ['DICM-X-01'],
    'bad-tag',
    'The tile ends one byte early, so its last byte, a zero, is taken for a tag.',
    file(header(), section(0x81, [...payload(21), 0], varint(21))),
    { offset: 41 },
  ),
  damaged(
    'section-length-missing',
    ['DICM-X-01'],
    'truncated',
    'A tag with nothing after it.',
    file(header(), tile(20), [0x30]),
    { offset: 43 },
  ),
  damaged(
    'section-length-cut',
    ['DICM-X-01'],
    'truncated',
    'A length that says it goes on where the checksum begins.',
    file(header(), tile(20), [0x30, 0x80]),
    { offset: 44 },
  ),
  unsupported(
    'unknown-critical',
    ['DICM-X-02'],
    'unknown-section',
    'A critical section with the tag b5 after the tiles.',
    file(header(), tile(20), section(0xb5, ascii('new'))),
    { says: '0xb5' },
  ),
  unsupported(
    'unknown-critical-first',
    ['DICM-X-02'],
    'unknown-section',
    'A critical section with the tag 82 before the tiles.',
    file(header(), section(0x82, ascii('new')), tile(20)),
    { says: '0x82' },
  ),
  unsupported(
    'reserved-tag-bit',
    ['DICM-X-05'],
    'reserved-bits',
    'An ancillary tag with its reserved bit set.',
    file(header(), tile(20), section(0x70, ascii('new'))),
  ),
  unsupported(
    'reserved-tag-bit-critical',
    ['DICM-X-05'],
    'reserved-bits',
    'A tile tag with its reserved bit set.',
    file(header(), section(0xc1, payload(22))),
  ),
  damaged(
    'tag-zero',
    ['DICM-X-06'],
    'bad-tag',
    'Four zeros after the tile.',
    file(header(), tile(20), hex('00 00 00 00')),
    { offset: 42 },
  ),
  damaged(
    'tag-critical-zero',
    ['DICM-X-06'],
    'bad-tag',
    'The tag 80.',
    file(header(), tile(20), section(0x80, [])),
    { offset: 42 },
  ),
  damaged(
    'too-many-sections',
    ['DICM-X-07'],
    'too-many-sections',
    '256 empty ancillary sections.',
    file(header(), tile(5), ...Array.from({ length: 256 }, () => section(0x30, []))),
  ),
  damaged(
    'two-icc',
    ['DICM-X-08'],
    'duplicate-section',
    'Two ICC sections.',
    file(header(), tile(5), section(0x02, ascii('a')), section(0x30, []), section(0x02, ascii('b'))),
    { section: 'icc' },
  ),
  damaged(
    'two-exif',
    ['DICM-X-08'],
    'duplicate-section',
    'Two Exif sections.',
    file(header(), tile(5), section(0x03, ascii('a')), section(0x03, ascii('a'))),
    { section: 'exif' },
  ),
];

const TILES = [
  damaged('no-tile', ['DICM-T-01'], 'missing-tile', 'No section at all.', file(header()), {
    offset: 18,
    section: 'tile 0',
  }),
  damaged(
    'one-tile-of-two',
    ['DICM-T-01'],
    'missing-tile',
    'A picture of two tiles with one.',
    file(header(twoTiles), tile(20)),
    { offset: 42, section: 'tile 1' },
  ),
  damaged(
    'ancillary-before-tile',
    ['DICM-T-01'],
    'missing-tile',
    'An ancillary section before the tile.',
    file(header(), section(0x30, ascii('x')), tile(20)),
    { section: 'tile 0' },
  ),
  damaged(
    'ancillary-between-tiles',
    ['DICM-T-01'],
    'missing-tile',
    'An ancillary section between two tiles.',
    file(header(twoTiles), tile(20), section(0x30, []), tile(20)),
    { section: 'tile 1' },
  ),
  damaged(
    'surplus-tile',
    ['DICM-T-02'],
    'surplus-tile',
    'Two tiles for a picture of one.',
    file(header(), tile(20), tile(20)),
    { offset: 42, section: 'tile 1' },
  ),
  damaged(
    'surplus-tile-last',
    ['DICM-T-02'],
    'surplus-tile',
    'A second tile behind an ancillary section.',
    file(header(), tile(20), section(0x30, []), tile(20)),
    { offset: 44, section: 'tile 1' },
  ),
  damaged(
    'tile-of-one-byte',
    ['DICM-T-03'],
    'bad-length',
    'A tile section too short for its integer check.',
    file(header(), section(0x81, [7])),
    { offset: 18, section: 'tile 0' },
  ),
];

const withIcc = file(header(), tile(20), section(0x02, ascii('profile')));

const CHECKSUMS = [
  damaged(
    'checksum-wrong',
    ['DICM-C-01'],
    'crc-mismatch',
    'One bit of the checksum differs.',
    changed(base, base.length - 1, base.at(-1) ^ 1),
    { offset: 42, section: 'checksum' },
  ),
  damaged(
    'checksum-little-endian',
    ['DICM-C-01'],
    'crc-mismatch',
    'The right checksum, least significant byte first.',
    [...base.slice(0, -4), ...base.slice(-4).reverse()],
    { section: 'checksum' },
  ),
  damaged(
    'payload-damaged',
    ['DICM-C-01'],
    'crc-mismatch',
    'One bit of the payload differs.',
    changed(base, 30, at(base, 30) ^ 0x10),
    { section: 'checksum' },
  ),
  damaged('cut-in-header', ['DICM-C-02'], 'truncated', 'Cut after the decode id.', base.slice(0, 13), {
    section: 'header',
  }),
  damaged(
    'cut-in-payload',
    ['DICM-C-02'],
    'truncated',
    'Cut in the middle of the payload.',
    base.slice(0, 30),
    { offset: 30, section: 'tile 0' },
  ),
  damaged('cut-in-checksum', ['DICM-C-02'], 'truncated', 'The last byte is missing.', base.slice(0, -1), {
    refines: 'crc-mismatch',
  }),
  damaged(
    'cut-in-ancillary',
    ['DICM-C-02'],
    'truncated',
    'Cut inside the ICC profile.',
    withIcc.slice(0, -8),
    { refines: 'crc-mismatch' },
  ),
  damaged('one-byte-more', ['DICM-C-03'], 'trailing-bytes', 'A line feed after the end.', [...base, LF], {
    offset: 46,
    refines: 'crc-mismatch',
  }),
  damaged('two-files', ['DICM-C-03'], 'trailing-bytes', 'Two files in one.', [...base, ...withIcc], {
    offset: 46,
    refines: 'crc-mismatch',
  }),
  damaged(
    'decode-id-damaged',
    ['DICM-O-01'],
    'crc-mismatch',
    'One bit of the decode id differs: damage, not a missing model.',
    changed(base, 9, at(base, 9) ^ 1),
    { section: 'checksum' },
  ),
  damaged(
    'tag-damaged',
    ['DICM-O-01'],
    'crc-mismatch',
    'The tag of the tile turned into an unknown critical one: damage, not a newer file.',
    changed(base, 18, 0x82),
    { section: 'checksum' },
  ),
  damaged(
    'profile-damaged',
    ['DICM-O-01'],
    'crc-mismatch',
    'The profile turned into one that is not assigned: damage, not a newer file.',
    changed(base, 7, at(base, 7) | 2),
    { section: 'checksum' },
  ),
];

const LIMITS = [
  limited(
    'two-to-the-31-pixels',
    ['DICM-L-01', 'DICM-L-02'],
    'limit-exceeded',
    'A coded picture of 65536 x 32768 pixels: 2^31, in 27 bytes.',
    file(header({ width: 65536, height: 32768 })),
    { limit: 'maxPixels' },
  ),
  limited(
    'largest-picture',
    ['DICM-L-01', 'DICM-L-02'],
    'limit-exceeded',
    'The largest coded picture the header can declare.',
    file(header({ width: 2 ** 32 - 1, height: 2 ** 32 - 1 }), tile(20)),
    { limit: 'maxPixels' },
  ),
  limited(
    'largest-source',
    ['DICM-L-01'],
    'limit-exceeded',
    'The largest source the header can declare.',
    file(header({ source: [2 ** 32 - 1, 2 ** 32 - 1] }), tile(20)),
    { limit: 'maxSourcePixels' },
  ),
  limited(
    'too-many-tiles',
    ['DICM-L-01', 'DICM-L-02'],
    'limit-exceeded',
    'A strip of one by 2^24 pixels: few pixels, but 32,768 tiles.',
    file(header({ width: 1, height: 2 ** 24 })),
    { limit: 'maxTiles' },
  ),
  limited(
    'ancillary-bytes',
    ['DICM-L-01'],
    'limit-exceeded',
    'Two ancillary sections of five bytes together, with a limit of four.',
    file(header(), tile(5), section(0x30, ascii('abc')), section(0x31, ascii('de'))),
    { limit: 'maxAncillaryBytes', limits: { maxAncillaryBytes: 4 } },
  ),
  limited(
    'file-bytes',
    ['DICM-L-01', 'DICM-O-01'],
    'limit-exceeded',
    'A file of 46 bytes with a limit of 45; the limit is checked before the checksum, which does not hold.',
    changed(base, 45, at(base, 45) ^ 1),
    { limit: 'maxFileBytes', limits: { maxFileBytes: 45 } },
  ),
];

const REGRESSIONS = [
  regressed(
    'cut-between-tiles',
    ['DICM-C-02'],
    'truncated',
    'Cut after the first of two tiles. A reader once named the first tile, which is whole, instead of the second.',
    file(header(twoTiles), tile(20), tile(20)).slice(0, 42),
    { section: 'tile 1', refines: 'crc-mismatch' },
  ),
  regressed(
    'size-damaged',
    ['DICM-O-01'],
    'crc-mismatch',
    'A coded size of 2^62 pixels and a checksum that does not hold: damage, not a limit. A reader once took the tiles that such a picture would need for proof that the file was cut short.',
    changed(file(header({ width: 2 ** 31, height: 2 ** 31 }), tile(20)), 30, 0),
    { section: 'checksum' },
  ),
];

/** Known answers for the integer check. */
export const INTEGER_CHECKS = [
  { what: 'nothing', z: [], symbols: [] },
  { what: 'the digits 1 to 8 as two little-endian integers', z: [0x34333231], symbols: [0x38373635] },
  {
    what: 'the same integers, divided otherwise: order counts, not the border',
    z: [],
    symbols: [0x34333231, 0x38373635],
  },
  { what: 'the same integers in the other order', z: [0x38373635], symbols: [0x34333231] },
  { what: 'signs and extremes', z: [0, -1, 1, -2147483648], symbols: [2147483647, -300, 300, 0, 0] },
];

/** All cases that are files, in the order of the README. */
export const CASES = [
  ...VALID,
  ...SIGNATURES,
  ...VERSIONS,
  ...HEADERS,
  ...SECTIONS,
  ...TILES,
  ...CHECKSUMS,
  ...LIMITS,
  ...REGRESSIONS,
  ...LAYER_CASES,
  ...DIGEST_CASES,
];

/**
 * Bytes of `uint` in little-endian order, for the integer check.
 *
 * @param {number[]} values
 */
export function littleEndianInt32(values) {
  return values.flatMap((value) => uint(value >>> 0, 4).reverse());
}

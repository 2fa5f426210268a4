// The conformance cases of layers and prefixes (format-spec/v1/dicm-v1.md, section 12).
import {
  ascii,
  BASE,
  file,
  header,
  hex,
  layer,
  layeredFile,
  layerHeader,
  payload,
  prefixCheck,
  SIGNATURE,
  section,
  tile,
  varint,
} from './conformance-bytes.js';
import { at, changed, found, foundLayer, refused } from './conformance-expectations.js';

/** @import { ErrorCode } from '../src/errors.js' */
/** @import { HeaderFields, LayerFields } from './conformance-bytes.js' */
/** @import { Ancillary, ConformanceCase } from './conformance-expectations.js' */
/** @typedef {{ layer: Partial<LayerFields> }} LayerPart */

/** Header, and header and tile, of the first layer of the cases, of version 1.1. */
const HEADER = header({ version: 0x11 });
const FIRST = [HEADER, tile(20)];

/** Bytes of the prefix of such a file. */
const PREFIX_BYTES = SIGNATURE.length + FIRST.flat().length + 6;

const proved = { ...found({ version: 0x11 }, [20]), prefixBytes: PREFIX_BYTES };

const damaged = refused('invalid', 'FormatError', 3);

/**
 * A file that is refused for what stands behind its prefix, which opens.
 *
 * @type {typeof damaged}
 */
const damagedBehind = (name, musts, code, what, bytes, more) =>
  damaged(name, musts, code, what, bytes, { prefix: proved, ...more });

const limited = refused('limits', 'LimitError', 7);

/**
 * @param {Partial<LayerFields>} changes
 * @param {{ width: number, height: number } | undefined} first
 */
function view(changes = {}, first = undefined) {
  return section(0x05, layer(changes, first));
}

/**
 * A file that every reader opens.
 *
 * @param {string} name
 * @param {string[]} musts
 * @param {string} what
 * @param {(LayerPart | Ancillary)[]} parts What follows the prefix check.
 * @param {{ changes?: Partial<HeaderFields>, tiles?: number[] }} first The first layer.
 * @returns {ConformanceCase}
 */
function valid(name, musts, what, parts, { changes = {}, tiles = [20] } = {}) {
  const all = { version: 0x11, ...changes };
  const first = [header(all), ...tiles.map((count) => tile(count))];
  const others = parts.map((part) =>
    Array.isArray(part) ? section(...part) : view(part.layer, { ...BASE, ...all }),
  );
  const ancillary = parts.filter((part) => Array.isArray(part));
  const layers = [];
  for (const [index, part] of parts.entries()) {
    if (Array.isArray(part)) continue;
    const before = parts.slice(0, index).filter(Array.isArray).length;
    layers.push({ ...foundLayer(part.layer), ancillaryBefore: before });
  }
  const expect = { ...found(all, tiles, ancillary), layers, prefixCheck: true };
  return { path: `valid/${name}.dicm`, musts, what, bytes: layeredFile(first, ...others), expect };
}

const VALID = [
  valid(
    'two-layers',
    ['DICM-V-04', 'DICM-Y-01', 'DICM-Y-05', 'DICM-P-01', 'DICM-P-02'],
    'A machine layer of one tile, the check that proves it, and a view layer of 600 x 450 pixels in two tiles with a model and a quality of its own.',
    [{ layer: {} }],
    { changes: { source: [2560, 1920] } },
  ),
  valid(
    'layer-of-same-size',
    ['DICM-Y-04'],
    'A view layer as large as the machine layer: its size is left out.',
    [{ layer: { width: 64, height: 48, tiles: [9] } }],
  ),
  valid(
    'layer-of-long-size',
    ['DICM-Y-04'],
    'A view layer of 4097 x 8 pixels: the long form of its size, nine tiles.',
    [{ layer: { width: 4097, height: 8, tiles: [9, 8, 7, 6, 5, 4, 3, 2, 1] } }],
  ),
  valid(
    'layer-of-highest-quality',
    ['DICM-Y-01'],
    'A view layer of quality position 2047 whose tiles have empty payloads: all bits of the field set, and two bytes a tile.',
    [{ layer: { quality: 2047, tiles: [0, 0] } }],
  ),
  valid(
    'layer-smaller-than-first',
    ['DICM-Y-04', 'DICM-L-01'],
    'A machine layer of four tiles and a view layer of one: each has the grid of its own size.',
    [{ layer: { width: 40, height: 30, tiles: [200] } }],
    { changes: { width: 530, height: 513 }, tiles: [4, 3, 2, 1] },
  ),
  valid(
    'layer-among-metadata',
    ['DICM-X-04', 'DICM-P-01'],
    'An ICC profile before the view layer, Exif metadata and a section of an unknown tag behind it: only the prefix check has a place of its own.',
    [[0x02, ascii('profile')], { layer: {} }, [0x03, ascii('Exif')], [0x1a, hex('00ff')]],
  ),
  ...[2, 3].map((profile) =>
    valid(
      `layer-of-profile-${profile}`,
      ['DICM-Y-02'],
      `A layer of profile ${profile}, which is not assigned, before a view layer: skipped, and kept by rewriters. The order of profiles does not count it.`,
      [[0x05, layer({ profile })], { layer: {} }],
    ),
  ),
  valid(
    'layer-with-reserved-flag',
    ['DICM-Y-02'],
    'A layer whose reserved flag is set, with content that makes no sense in this version: skipped, and kept by rewriters.',
    [[0x05, [...hex('2589'), ...ascii('something new')]]],
  ),
  valid(
    'layer-of-size-form-3',
    ['DICM-Y-02'],
    'A layer whose size form is reserved, behind a view layer: skipped, and kept by rewriters.',
    [{ layer: {} }, [0x05, layerHeader({ sizeForm: 3 })]],
  ),
  valid(
    'layer-in-newer-minor-version',
    ['DICM-V-02', 'DICM-V-04'],
    'Version 1.7 with a view layer, read by the rules of 1.1.',
    [{ layer: {} }],
    { changes: { version: 0x17 } },
  ),
  valid(
    'prefix-check-before-metadata',
    ['DICM-P-01', 'DICM-P-03'],
    'A file of one layer whose prefix can be read without its metadata.',
    [[0x03, ascii('much metadata')]],
  ),
  {
    path: 'valid/no-layer-in-version-1-1.dicm',
    musts: ['DICM-V-02'],
    what: 'Version 1.1 in a file that has nothing of it.',
    bytes: file(...FIRST),
    expect: found({ version: 0x11 }, [20]),
  },
  {
    path: 'valid/layer-tags-in-version-1-0.dicm',
    musts: ['DICM-V-04'],
    what: 'Sections of the tags 04 and 05 in a file of version 1.0, where they have no meaning: no check, no layer, twice and in any order.',
    bytes: file(
      header(),
      tile(20),
      section(0x05, ascii('no layer')),
      section(0x04, []),
      section(0x04, ascii('no check')),
    ),
    expect: found(
      {},
      [20],
      [
        [0x05, ascii('no layer')],
        [0x04, []],
        [0x04, ascii('no check')],
      ],
    ),
  },
];

const offset = PREFIX_BYTES;
const layerAt = { offset, section: 'layer 1' };

const LAYERS = [
  damagedBehind(
    'layer-empty',
    ['DICM-Y-01'],
    'bad-length',
    'A layer section without content.',
    layeredFile(FIRST, section(0x05, [])),
    layerAt,
  ),
  damagedBehind(
    'layer-cut-in-header',
    ['DICM-Y-01'],
    'bad-length',
    'A layer section that ends inside the render id.',
    layeredFile(FIRST, section(0x05, layer().slice(0, 7))),
    layerAt,
  ),
  damagedBehind(
    'layer-cut-in-lengths',
    ['DICM-Y-01'],
    'bad-length',
    'A layer of two tiles with one length.',
    layeredFile(FIRST, section(0x05, [...layerHeader(), ...varint(12)])),
    layerAt,
  ),
  damagedBehind(
    'layer-without-second-tile',
    ['DICM-Y-01'],
    'bad-length',
    'A layer of two tiles with two lengths and the first tile.',
    layeredFile(FIRST, section(0x05, layer().slice(0, -12))),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-of-one-tile-too-few',
    ['DICM-Y-01'],
    'bad-length',
    'A layer of 600 x 450 pixels with length and payload of one tile instead of two.',
    layeredFile(FIRST, view({ tiles: [30] })),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-of-one-tile-too-many',
    ['DICM-Y-01'],
    'bad-length',
    'A layer of 600 x 450 pixels with lengths and payloads of three tiles instead of two.',
    layeredFile(FIRST, view({ tiles: [30, 10, 5] })),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-with-byte-left-over',
    ['DICM-Y-01'],
    'bad-length',
    'A byte behind the last tile of the layer.',
    layeredFile(FIRST, section(0x05, [...layer(), 0])),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-tile-of-one-byte',
    ['DICM-Y-01'],
    'bad-length',
    'The second tile of a layer too short for its integer check.',
    layeredFile(FIRST, section(0x05, [...layerHeader(), ...varint(3), ...varint(1), ...payload(4)])),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-length-of-4-gibibytes',
    ['DICM-Y-01', 'DICM-L-02'],
    'bad-length',
    'Two tiles of 2^32 - 1 bytes each in a layer of thirty.',
    layeredFile(
      FIRST,
      section(0x05, [...layerHeader(), ...hex('ff ff ff ff 0f ff ff ff ff 0f'), ...payload(9)]),
    ),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-overlong-length',
    ['DICM-N-01'],
    'not-canonical',
    'The length of a tile in a layer written in two bytes instead of one.',
    layeredFile(FIRST, section(0x05, [...layerHeader(), ...hex('92 00'), ...varint(12), ...payload(30)])),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'second-view-layer',
    ['DICM-Y-03'],
    'duplicate-section',
    'Two layers of the perceptual profile.',
    layeredFile(FIRST, view(), view({ quality: 900 })),
    { section: 'layer 2' },
  ),
  damagedBehind(
    'second-machine-layer',
    ['DICM-Y-03'],
    'duplicate-section',
    'A second layer of the semantic profile.',
    layeredFile(FIRST, view({ profile: 0 })),
    layerAt,
  ),
  damagedBehind(
    'view-layer-twice-around-unknown-layer',
    ['DICM-Y-03', 'DICM-Y-02'],
    'duplicate-section',
    'Two view layers with a layer of profile 3 between them, which does not count.',
    layeredFile(FIRST, view(), view({ profile: 3 }), view()),
    { section: 'layer 3' },
  ),
  damaged(
    'machine-layer-after-view',
    ['DICM-Y-03'],
    'layer-order',
    'A view as the first layer and a machine layer behind it.',
    layeredFile([header({ version: 0x11, profile: 1 }), tile(20)], view({ profile: 0 })),
    { ...layerAt, prefix: { ...found({ version: 0x11, profile: 1 }, [20]), prefixBytes: PREFIX_BYTES } },
  ),
  damagedBehind(
    'layer-size-needless',
    ['DICM-Y-04'],
    'not-canonical',
    'A layer as large as the first one that states its size.',
    layeredFile(FIRST, view({ width: 64, height: 48, sizeForm: 1, tiles: [9] })),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-size-needlessly-long',
    ['DICM-Y-04'],
    'not-canonical',
    'A layer of 600 x 450 pixels with its size in the long form.',
    layeredFile(FIRST, view({ sizeForm: 2 })),
    { section: 'layer 1' },
  ),
  damagedBehind(
    'layer-of-zero-height',
    ['DICM-Y-04'],
    'zero-size',
    'A layer of 5000 x 0 pixels, in the long form.',
    layeredFile(FIRST, view({ width: 5000, height: 0, sizeForm: 2, tiles: [] })),
    { section: 'layer 1' },
  ),
];

const CHECKS = [
  damaged(
    'layer-without-prefix-check',
    ['DICM-P-01'],
    'missing-prefix-check',
    'A view layer right behind the tile.',
    file(...FIRST, view()),
    { offset: PREFIX_BYTES - 6, section: 'layer' },
  ),
  damaged(
    'unknown-layer-without-prefix-check',
    ['DICM-P-01', 'DICM-Y-02'],
    'missing-prefix-check',
    'A layer of profile 2 right behind the tile: whoever skips it still wants the first layer proved.',
    file(...FIRST, view({ profile: 2 })),
    { section: 'layer' },
  ),
  damaged(
    'prefix-check-behind-layer',
    ['DICM-P-01'],
    'missing-prefix-check',
    'The prefix check behind the layer instead of before it.',
    file(...FIRST, view(), prefixCheck([...FIRST, view()])),
    { section: 'layer' },
  ),
  damaged(
    'prefix-check-behind-metadata',
    ['DICM-P-01'],
    'misplaced-section',
    'An ICC profile between tile and prefix check, which is right for what stands before it.',
    file(...FIRST, section(0x02, ascii('a')), prefixCheck([...FIRST, section(0x02, ascii('a'))]), view()),
    { section: 'prefix-check' },
  ),
  damaged(
    'prefix-check-before-tile',
    ['DICM-P-01', 'DICM-T-01'],
    'missing-tile',
    'The prefix check before the tile.',
    file(HEADER, prefixCheck([HEADER]), tile(20), view()),
    { section: 'tile 0' },
  ),
  damagedBehind(
    'two-prefix-checks',
    ['DICM-X-08'],
    'duplicate-section',
    'A second prefix check behind the first.',
    layeredFile(FIRST, prefixCheck([...FIRST, prefixCheck(FIRST)]), view()),
    { offset, section: 'prefix-check' },
  ),
  damaged(
    'prefix-check-of-three-bytes',
    ['DICM-P-02'],
    'bad-length',
    'A prefix check of three bytes.',
    file(...FIRST, prefixCheck(FIRST, hex('010203')), view()),
    { section: 'prefix-check' },
  ),
  damaged(
    'prefix-check-wrong',
    ['DICM-P-02'],
    'prefix-mismatch',
    'One bit of the prefix check differs, and the file checksum holds.',
    file(...FIRST, changed(prefixCheck(FIRST), 5, at(prefixCheck(FIRST), 5) ^ 1), view()),
    { offset: PREFIX_BYTES - 4, section: 'prefix-check' },
  ),
  damaged(
    'prefix-check-little-endian',
    ['DICM-P-02'],
    'prefix-mismatch',
    'The right prefix check, least significant byte first.',
    file(...FIRST, prefixCheck(FIRST, prefixCheck(FIRST).slice(2).reverse()), view()),
    { section: 'prefix-check' },
  ),
  damaged(
    'prefix-check-of-another-header',
    ['DICM-P-06', 'DICM-P-02'],
    'prefix-mismatch',
    'The header says orientation 3, and the prefix check is the one from before it said so: a rewriter did not know it.',
    file(header({ version: 0x11, orientation: 3 }), tile(20), prefixCheck(FIRST), view()),
    { section: 'prefix-check' },
  ),
  damagedBehind(
    'prefix-check-last',
    ['DICM-P-03'],
    'not-canonical',
    'A prefix check that nothing follows but the file checksum.',
    file(...FIRST, prefixCheck(FIRST)),
    { offset: PREFIX_BYTES - 6, section: 'prefix-check' },
  ),
  damagedBehind(
    'too-many-sections-with-layer',
    ['DICM-X-07'],
    'too-many-sections',
    'A prefix check, a layer and 254 empty sections: 256 ancillary ones.',
    layeredFile(FIRST, view(), ...Array.from({ length: 254 }, () => section(0x30, []))),
  ),
];

const LIMITS = [
  limited(
    'layer-pixels',
    ['DICM-L-01', 'DICM-L-02'],
    'limit-exceeded',
    'A view layer of 65536 x 32768 pixels without a tile behind a machine layer of 64 x 48.',
    layeredFile(FIRST, section(0x05, layerHeader({ width: 65536, height: 32768 }))),
    { limit: 'maxPixels', prefix: proved },
  ),
  limited(
    'layer-tiles',
    ['DICM-L-01', 'DICM-L-02'],
    'limit-exceeded',
    'A view layer of one by 2^23 pixels, 16,384 tiles, behind a machine layer of one: the limit is on all of them.',
    layeredFile(FIRST, section(0x05, layerHeader({ width: 1, height: 2 ** 23 }))),
    { limit: 'maxTiles', prefix: proved },
  ),
];

const whole = layeredFile(FIRST, view(), section(0x03, ascii('Exif')));
const oneLayer = file(header(), tile(20));

/**
 * A file that is refused as a whole, and what reading its first layer as a prefix gives: `proved`, or an error.
 *
 * @param {string} name
 * @param {string[]} musts
 * @param {ErrorCode<'FormatError'>} code
 * @param {string} what
 * @param {number[]} bytes
 * @param {object} result
 * @param {object} more
 * @returns {ConformanceCase}
 */
function prefix(name, musts, code, what, bytes, result, more = {}) {
  const expect = { error: 'FormatError', code, exit: 3, ...more, prefix: result };
  return { path: `prefixes/${name}.dicm`, musts, what, bytes, expect };
}

const PREFIXES = [
  prefix(
    'first-layer',
    ['DICM-P-04', 'DICM-C-02'],
    'truncated',
    'A file cut after its prefix check: a prefix and nothing else. Read as a whole it is cut short.',
    whole.slice(0, PREFIX_BYTES),
    proved,
    { refines: 'crc-mismatch' },
  ),
  prefix(
    'cut-in-layer',
    ['DICM-P-04', 'DICM-C-02'],
    'truncated',
    'A file cut inside its view layer, as by a connection that broke.',
    whole.slice(0, PREFIX_BYTES + 30),
    proved,
    { refines: 'crc-mismatch', says: 'first layer is whole' },
  ),
  prefix(
    'layer-damaged',
    ['DICM-P-04'],
    'crc-mismatch',
    'One bit of the view layer differs: the first layer is proved all the same.',
    changed(whole, PREFIX_BYTES + 30, at(whole, PREFIX_BYTES + 30) ^ 4),
    proved,
  ),
  prefix(
    'cut-in-tile',
    ['DICM-P-04'],
    'truncated',
    'A file cut inside its first layer.',
    whole.slice(0, 30),
    { error: 'FormatError', code: 'truncated', exit: 3, offset: 30, section: 'tile 0' },
    { section: 'tile 0' },
  ),
  prefix(
    'cut-in-check',
    ['DICM-P-04'],
    'truncated',
    'A file cut before the last byte of its prefix check.',
    whole.slice(0, PREFIX_BYTES - 1),
    { error: 'FormatError', code: 'truncated', exit: 3, section: 'prefix-check' },
    { refines: 'crc-mismatch' },
  ),
  prefix(
    'first-layer-damaged',
    ['DICM-P-04'],
    'crc-mismatch',
    'One bit of the payload of the first layer differs.',
    changed(whole, 30, at(whole, 30) ^ 4),
    { error: 'FormatError', code: 'prefix-mismatch', exit: 3, section: 'prefix-check' },
  ),
  prefix(
    'orientation-damaged',
    ['DICM-P-04'],
    'truncated',
    'A prefix of which one bit of the header differs: nothing of it is reported but that.',
    changed(whole.slice(0, PREFIX_BYTES), 7, at(whole, 7) ^ 4),
    { error: 'FormatError', code: 'prefix-mismatch', exit: 3, section: 'prefix-check' },
    { refines: 'crc-mismatch' },
  ),
  prefix(
    'one-layer-cut',
    ['DICM-P-05'],
    'truncated',
    'A file of version 1.0 cut inside its checksum: its tile is whole, and nothing proves it.',
    oneLayer.slice(0, -2),
    { error: 'FormatError', code: 'truncated', exit: 3, refines: 'crc-mismatch' },
    { refines: 'crc-mismatch' },
  ),
  prefix(
    'one-layer-damaged',
    ['DICM-P-05'],
    'crc-mismatch',
    'A file of version 1.0 of which one bit differs.',
    changed(oneLayer, 30, at(oneLayer, 30) ^ 4),
    { error: 'FormatError', code: 'crc-mismatch', exit: 3 },
  ),
];

/** All cases of layers and prefixes, in the order of the README. */
export const LAYER_CASES = [...VALID, ...LAYERS, ...CHECKS, ...LIMITS, ...PREFIXES];

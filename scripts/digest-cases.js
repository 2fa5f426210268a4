// The conformance cases of the digest (format-spec/v1/dicm-v1.md, section 13.2).
import {
  ascii,
  digest,
  file,
  header,
  hex,
  layer,
  payload,
  prefixCheck,
  SIGNATURE,
  section,
  tile,
} from './conformance-bytes.js';
import { changed, found, foundLayer, refused } from './conformance-expectations.js';

/** @import { Ancillary, ConformanceCase } from './conformance-expectations.js' */

const CHANGES = { version: 0x11 };
const FIRST = [header(CHANGES), tile(20)];
const EXIF = section(0x03, ascii('Exif'));
const LAYERED = [...FIRST, prefixCheck(FIRST), EXIF, section(0x05, layer())];

/**
 * The digest section as a reader finds it among the ancillary ones.
 *
 * @param {number[]} bytes The section.
 * @returns {Ancillary}
 */
const foundDigest = (bytes) => [0x06, bytes.slice(2)];

/** The file with a digest that the cases change. */
const parts = [...FIRST, EXIF];
const whole = file(...parts, digest(parts));
const right = found(CHANGES, [20], [[0x03, ascii('Exif')], foundDigest(digest(parts))]);

/** @type {ConformanceCase[]} */
const VALID = [
  {
    path: 'valid/digest.dicm',
    musts: ['DICM-V-04', 'DICM-D-01', 'DICM-D-03'],
    what: 'A tile, Exif metadata, and a digest of all of it.',
    bytes: whole,
    expect: { ...right, digest: 'holds' },
  },
  {
    path: 'valid/digest-alone.dicm',
    musts: ['DICM-D-01', 'DICM-X-03'],
    what: 'A tile and a digest, in a file of version 1.4: readers of 1.0 skip the digest.',
    bytes: file(header({ version: 0x14 }), tile(20), digest([header({ version: 0x14 }), tile(20)])),
    expect: {
      ...found({ version: 0x14 }, [20], [foundDigest(digest([header({ version: 0x14 }), tile(20)]))]),
      digest: 'holds',
    },
  },
  {
    path: 'valid/digest-behind-layer.dicm',
    musts: ['DICM-D-02', 'DICM-P-01'],
    what: 'A prefix check, Exif metadata, a view layer, and the digest behind everything.',
    bytes: file(...LAYERED, digest(LAYERED)),
    expect: {
      ...found(CHANGES, [20], [[0x03, ascii('Exif')], foundDigest(digest(LAYERED))]),
      layers: [{ ...foundLayer(), ancillaryBefore: 1 }],
      prefixCheck: true,
      digest: 'holds',
    },
  },
  {
    path: 'valid/digest-tag-in-version-1-0.dicm',
    musts: ['DICM-V-04', 'DICM-X-03'],
    what: 'Sections of the tag 06 in a file of version 1.0, where it has no meaning: of any size, twice, and not the last.',
    bytes: file(header(), tile(20), section(0x06, ascii('no digest')), section(0x06, []), EXIF),
    expect: found(
      {},
      [20],
      [
        [0x06, ascii('no digest')],
        [0x06, []],
        [0x03, ascii('Exif')],
      ],
    ),
  },
];

const damaged = refused('invalid', 'FormatError', 3);

const INVALID = [
  damaged(
    'digest-of-31-bytes',
    ['DICM-D-01'],
    'bad-length',
    'A digest that lacks its last byte.',
    file(...parts, digest(parts, digest(parts).slice(2, -1))),
    { section: 'digest' },
  ),
  damaged(
    'digest-of-64-bytes',
    ['DICM-D-01'],
    'bad-length',
    'A digest of another kind, twice as long.',
    file(...parts, digest(parts, [...digest(parts).slice(2), ...digest(parts).slice(2)])),
    { section: 'digest' },
  ),
  damaged(
    'two-digests',
    ['DICM-X-08', 'DICM-D-02'],
    'duplicate-section',
    'A second digest behind the first, each right for what stands before it.',
    file(...parts, digest(parts), digest([...parts, digest(parts)])),
    { section: 'digest', offset: whole.length - 4 },
  ),
  damaged(
    'metadata-behind-digest',
    ['DICM-D-02'],
    'misplaced-section',
    'Exif metadata behind a digest, as a program that does not know it would add them.',
    file(...FIRST, digest(FIRST), EXIF),
    { section: 'exif' },
  ),
  damaged(
    'layer-behind-digest',
    ['DICM-D-02'],
    'misplaced-section',
    'A view layer behind a digest.',
    file(...FIRST, prefixCheck(FIRST), digest([...FIRST, prefixCheck(FIRST)]), section(0x05, layer())),
    {
      section: 'layer',
      prefix: { ...found(CHANGES, [20]), prefixBytes: SIGNATURE.length + FIRST.flat().length + 6 },
    },
  ),
];

const mismatch = { error: 'FormatError', code: 'digest-mismatch', exit: 3, section: 'digest' };

/**
 * A file that every reader opens and that a program which verifies refuses.
 *
 * @param {string} name
 * @param {string[]} musts
 * @param {string} what
 * @param {number[]} bytes
 * @param {number[]} digestContent
 * @returns {ConformanceCase}
 */
function unverified(name, musts, what, bytes, digestContent, more = {}) {
  const ancillary = /** @type {Ancillary[]} */ ([
    [0x03, ascii('Exif')],
    [0x06, digestContent],
  ]);
  const expect = { ...found(CHANGES, [20], ancillary), ...more, verify: mismatch };
  return { path: `digests/${name}.dicm`, musts, what, bytes, expect };
}

const content = digest(parts).slice(2);
const zeros = Array(32).fill(0);
const [ofOwnHead, ofBefore] = [
  [...parts, hex('06 20')],
  [header({ ...CHANGES, quality: 900 }), tile(20), EXIF],
].map((others) => digest(others).slice(2));

/** Offset of the byte of the payload that is changed: behind signature, header, tag and length of the tile. */
const PAYLOAD = 20;
const otherPayload = changed(payload(20), 4, 0);

const UNVERIFIED = [
  unverified(
    'payload-changed',
    ['DICM-D-03'],
    'A byte of the payload differs and the file checksum was mended; the digest was not.',
    file(changed(whole, PAYLOAD + 4, 0).slice(SIGNATURE.length, -4)),
    content,
    { tiles: [{ payload: Buffer.from(otherPayload).toString('hex'), check: 0xbeef }] },
  ),
  unverified('zeros', ['DICM-D-03'], 'A digest of zeros.', file(...parts, digest(parts, zeros)), zeros),
  unverified(
    'of-its-own-head-too',
    ['DICM-D-03'],
    'A SHA-256 of everything before it and of its own tag and length.',
    file(...parts, digest(parts, ofOwnHead)),
    ofOwnHead ?? [],
  ),
  unverified(
    'of-another-header',
    ['DICM-D-03', 'DICM-D-04'],
    'The digest is that of the file before its quality was changed: a rewriter did not know it.',
    file(...parts, digest(parts, ofBefore)),
    ofBefore ?? [],
  ),
];

/** All cases of the digest, in the order of the README. */
export const DIGEST_CASES = [...VALID, ...INVALID, ...UNVERIFIED];

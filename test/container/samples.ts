import fc from 'fast-check';
import type {
  AncillarySection,
  DicmFile,
  DicmHeader,
  Layer,
  TilePayload,
} from '../../src/container/dicm-file.js';
import { TAG_DIGEST, TAG_LAYER, TAG_PREFIX_CHECK, tagName } from '../../src/container/section-kinds.js';
import type { ByteSource } from '../../src/container/tile-index.js';
import { tileGrid } from '../../src/geometry.js';

/** A small file of one tile; `header` replaces fields. */
export function sampleFile(header: Partial<DicmHeader> = {}, payloadBytes = 20): DicmFile {
  const complete: DicmHeader = {
    versionMajor: 1,
    versionMinor: 0,
    profile: 'semantic',
    width: 224,
    height: 160,
    sourceWidth: 2240,
    sourceHeight: 1600,
    orientation: 1,
    qualityPosition: 1023,
    decodeId: '0123abcd',
    renderId: '45ef',
    ...header,
  };
  const { columns, rows } = tileGrid(complete.width, complete.height);
  return {
    header: complete,
    tiles: Array.from({ length: columns * rows }, (_, tile) => ({
      bytes: Uint8Array.from({ length: payloadBytes }, (_unused, i) => (i * 59 + tile) & 255),
      check: (0x1234 + tile) & 0xffff,
    })),
    ancillary: [],
  };
}

function digits(count: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: count / 2, maxLength: count / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
}

/** A file of `sampleFile` with a view layer of another size behind it. */
export function layeredFile(
  header: Partial<DicmHeader> = {},
  layer: Partial<Layer> = {},
  payloadBytes = 40,
): DicmFile {
  const first = sampleFile({ versionMinor: 1, ...header });
  const own = { width: 600, height: 429, ...layer };
  const { columns, rows } = tileGrid(own.width, own.height);
  return {
    ...first,
    prefixCheck: true,
    layers: [
      {
        profile: 'perceptual',
        qualityPosition: 300,
        decodeId: 'fedcba98',
        renderId: '7654',
        tiles: Array.from({ length: columns * rows }, (_, tile) => ({
          bytes: Uint8Array.from({ length: payloadBytes }, (_unused, i) => (i * 31 + tile) & 255),
          check: (0x4321 + tile) & 0xffff,
        })),
        ...own,
      },
    ],
  };
}

const tile = fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), check: fc.nat(0xffff) });

function tilesOf(width: number, height: number): fc.Arbitrary<TilePayload[]> {
  const { columns, rows } = tileGrid(width, height);
  return fc.array(tile, { minLength: columns * rows, maxLength: columns * rows });
}

const layerHeader = fc.record({
  width: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 4090, max: 4100 })),
  height: fc.integer({ min: 1, max: 600 }),
  qualityPosition: fc.nat(2047),
  decodeId: digits(8),
  renderId: digits(4),
});

const anyHeader = fc
  .record({
    versionMinor: fc.nat(15),
    profile: fc.constantFrom('semantic' as const, 'perceptual' as const),
    sourceWidth: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 65530, max: 65540 })),
    sourceHeight: fc.integer({ min: 1, max: 60000 }),
    orientation: fc.integer({ min: 1, max: 8 }),
    layer: layerHeader,
    sameSize: fc.boolean(),
  })
  .map(({ layer, sameSize, ...drawn }) => {
    const header: DicmHeader = { versionMajor: 1, ...drawn, ...layer };
    return sameSize ? { ...header, sourceWidth: layer.width, sourceHeight: layer.height } : header;
  });

/** Sections with tags that have no meaning of their own in the given minor version, or may have any content. */
function ancillaryOf(versionMinor: number): fc.Arbitrary<AncillarySection[]> {
  const free = fc
    .integer({ min: 1, max: 63 })
    .filter((tag) => versionMinor === 0 || ![TAG_PREFIX_CHECK, TAG_LAYER, TAG_DIGEST].includes(tag));
  const section = fc
    .record({ tag: free, data: fc.uint8Array({ maxLength: 200 }) })
    .map((drawn) => ({ ...drawn, name: tagName(drawn.tag, versionMinor) }));
  return fc.uniqueArray(section, { selector: ({ tag }) => tag, maxLength: 4 });
}

/** A digest or none, where it has a meaning. Whether it is right is nothing to who only reads. */
function digestOf(versionMinor: number): fc.Arbitrary<AncillarySection[]> {
  if (versionMinor === 0) return fc.constant([]);
  const digest = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((data) => ({ tag: TAG_DIGEST, name: 'digest', data }));
  return fc.array(digest, { maxLength: 1 });
}

/** Every kind of file of one layer that can be written, of few tiles. */
export const anyFile: fc.Arbitrary<DicmFile> = anyHeader.chain((header) =>
  fc.record({
    header: fc.constant(header),
    tiles: tilesOf(header.width, header.height),
    ancillary: fc
      .tuple(ancillaryOf(header.versionMinor), digestOf(header.versionMinor))
      .map(([others, digest]) => [...others, ...digest]),
  }),
);

/** Content of a layer that this version does not know: a reserved bit, size form or profile, and then anything. */
const unknownLayer = fc
  .tuple(
    fc.nat(0xffff),
    fc.constantFrom([0, 1], [0b110, 0b110], [0x10, 0x10]),
    fc.uint8Array({ maxLength: 50 }),
  )
  .map(([flags, [mask, value], rest]) => {
    const set = mask === 0 ? flags | value! : (flags & ~mask!) | value!;
    return Uint8Array.from([set >> 8, set & 255, ...rest]);
  });

/** Every kind of file of a machine layer and a view layer, with anything before and after the latter. */
export const anyLayeredFile: fc.Arbitrary<DicmFile> = fc
  .tuple(anyHeader, layerHeader, fc.boolean(), fc.nat(5), fc.option(unknownLayer, { nil: undefined }))
  .chain(([drawn, drawnLayer, sameSize, before, unknown]) => {
    const header = { ...drawn, versionMinor: Math.max(1, drawn.versionMinor), profile: 'semantic' as const };
    const { width, height } = sameSize ? header : drawnLayer;
    return fc
      .record({
        tiles: tilesOf(header.width, header.height),
        layerTiles: tilesOf(width, height),
        drawnAncillary: ancillaryOf(header.versionMinor),
        digest: digestOf(header.versionMinor),
      })
      .map(({ tiles, layerTiles, drawnAncillary, digest }) => {
        const extra = unknown === undefined ? [] : [{ tag: TAG_LAYER, name: 'layer', data: unknown }];
        const others = [...drawnAncillary, ...extra];
        const ancillaryBefore = Math.min(before, others.length);
        const layer: Layer = { ...drawnLayer, profile: 'perceptual', width, height, tiles: layerTiles };
        const placed = ancillaryBefore > 0 ? { ...layer, ancillaryBefore } : layer;
        return { header, tiles, layers: [placed], prefixCheck: true, ancillary: [...others, ...digest] };
      });
  });

/** A file that is read in ranges, and what was read of it. */
export interface CountingSource extends ByteSource {
  readonly reads: { offset: number; length: number }[];
  total(): number;
}

/** A source that keeps account of what is asked of it, and allows nothing beyond the file. */
export function countingSource(bytes: Uint8Array): CountingSource {
  const reads: { offset: number; length: number }[] = [];
  return {
    size: bytes.length,
    reads,
    total: () => reads.reduce((sum, { length }) => sum + length, 0),
    async read(offset, length) {
      if (offset < 0 || length < 1 || offset + length > bytes.length)
        throw new RangeError('a read outside the file');
      reads.push({ offset, length });
      return bytes.slice(offset, offset + length);
    },
  };
}

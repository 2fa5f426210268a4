import fc from 'fast-check';
import type { DicmFile, DicmHeader } from '../../src/container/dicm-file.js';
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

const ancillaryTag = fc.integer({ min: 1, max: 63 });

/** Every kind of file that can be written, of few tiles. */
export const anyFile: fc.Arbitrary<DicmFile> = fc
  .record({
    versionMajor: fc.constant(1),
    versionMinor: fc.nat(15),
    profile: fc.constantFrom('semantic' as const, 'perceptual' as const),
    width: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 4090, max: 4100 })),
    height: fc.integer({ min: 1, max: 600 }),
    sourceWidth: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 65530, max: 65540 })),
    sourceHeight: fc.integer({ min: 1, max: 60000 }),
    orientation: fc.integer({ min: 1, max: 8 }),
    qualityPosition: fc.nat(2047),
    decodeId: digits(8),
    renderId: digits(4),
  })
  .chain((drawn) =>
    fc.boolean().chain((sameSize) => {
      const header = sameSize ? { ...drawn, sourceWidth: drawn.width, sourceHeight: drawn.height } : drawn;
      const { columns, rows } = tileGrid(header.width, header.height);
      const tile = fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), check: fc.nat(0xffff) });
      const section = fc.record({
        tag: ancillaryTag,
        name: fc.constant(''),
        data: fc.uint8Array({ maxLength: 200 }),
      });
      return fc.record({
        header: fc.constant(header),
        tiles: fc.array(tile, { minLength: columns * rows, maxLength: columns * rows }),
        ancillary: fc.uniqueArray(section, { selector: ({ tag }) => tag, maxLength: 4 }),
      });
    }),
  );

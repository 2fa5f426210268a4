import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/bytes/crc32.js';
import type { DicmFile, DicmHeader } from '../../src/container/dicm-file.js';
import { cutPrefix, openPrefix } from '../../src/container/open-prefix.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { readInfo } from '../../src/container/read-info.js';
import { stripLayer } from '../../src/container/strip-layer.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { FormatError } from '../../src/errors.js';
import { anyFile, anyLayeredFile, layeredFile, sampleFile } from './samples.js';

const exif = { tag: 3, name: 'exif', data: Uint8Array.from([1, 2, 3, 4, 5]) };

interface Section {
  tag: number;
  data: Uint8Array;
  more?: number;
}

function firstLayerOf({ header, tiles }: DicmFile): DicmFile {
  return { header, tiles, ancillary: [] };
}

describe('openPrefix', () => {
  test('gives the first layer of any number of bytes that hold it, and names what is missing of fewer', () => {
    const file = { ...layeredFile({ width: 600 }), ancillary: [exif] };
    const bytes = writeDicm(file);
    const prefixBytes = readInfo(bytes).prefixBytes!;
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length);
      if (length < prefixBytes) {
        expect(() => openPrefix(part), `${length} bytes`).toThrow(
          expect.objectContaining({ name: 'FormatError', code: 'truncated' }),
        );
        continue;
      }
      const prefix = openPrefix(part);
      expect(prefix).toEqual({ file: firstLayerOf(file), prefixBytes, provedBy: 'prefix-check' });
      expect(prefix.file.tiles[0]!.bytes.buffer).toBe(bytes.buffer);
    }
  });

  test('believes no byte of the first layer without its check, and needs none behind it', () => {
    const bytes = writeDicm(layeredFile());
    const prefixBytes = readInfo(bytes).prefixBytes!;
    for (let offset = 0; offset < bytes.length; offset++) {
      const damaged = bytes.slice();
      for (let bit = 1; bit < 256; bit *= 2) {
        damaged[offset] = bytes[offset]! ^ bit;
        if (offset >= prefixBytes) expect(openPrefix(damaged).prefixBytes).toBe(prefixBytes);
        else if (offset !== 5) expect(() => openPrefix(damaged), `byte ${offset}`).toThrow(FormatError);
        else expect(() => openPrefix(damaged)).toThrow();
      }
    }
  });

  test('reads a file without a check as a whole', () => {
    const file = { ...sampleFile(), ancillary: [exif] };
    const bytes = writeDicm(file);
    expect(openPrefix(bytes)).toEqual({
      file: firstLayerOf(file),
      prefixBytes: bytes.length,
      provedBy: 'file-checksum',
    });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => openPrefix(bytes.subarray(0, length))).toThrow(FormatError);
    }
    expect(() => openPrefix(Uint8Array.from([...bytes, 0]))).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });

  test('is not asked for: a file that is cut stays an error that says what could be read', () => {
    const bytes = writeDicm(layeredFile());
    const prefixBytes = readInfo(bytes).prefixBytes!;
    for (const length of [prefixBytes, prefixBytes + 20, bytes.length - 5]) {
      expect(() => readDicm(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'truncated', message: expect.stringContaining('as a prefix') }),
      );
    }
  });

  test.each<[string, Partial<DicmHeader>, (check: Section) => Section[]]>([
    ['of a version that knows no such check', { versionMinor: 0 }, (check: Section) => [check, exif]],
    ['whose check stands elsewhere', { versionMinor: 1 }, (check: Section) => [exif, check]],
    ['whose check is longer', { versionMinor: 1 }, (check: Section) => [{ ...check, more: 1 }, exif]],
  ])('promises nothing of a cut file %s', (_name, header, order) => {
    // Written by hand, since `writeDicm` writes none of them; each check holds for the bytes before it.
    const written = writeDicm({ ...sampleFile(header), ancillary: [] });
    let bytes = written.subarray(0, -4);
    for (const { tag, data, more = 0 } of order({ tag: 4, data: new Uint8Array(4) })) {
      const content = new Uint8Array(data.length + more);
      content.set(data);
      if (tag === 4) new DataView(content.buffer).setUint32(0, crc32(bytes));
      bytes = Uint8Array.from([...bytes, tag, content.length, ...content]);
    }
    for (const read of [readDicm, openPrefix]) {
      expect(() => read(bytes)).toThrow(
        expect.objectContaining({ code: 'truncated', message: expect.not.stringContaining('as a prefix') }),
      );
    }
  });

  test('compares limits once the check holds, and not before', () => {
    const bytes = writeDicm(layeredFile());
    const limits = { maxPixels: 100 };
    expect(() => openPrefix(bytes, limits)).toThrow(expect.objectContaining({ limit: 'maxPixels' }));
    const damaged = bytes.slice();
    damaged[25] = bytes[25]! ^ 1;
    expect(() => openPrefix(damaged, limits)).toThrow(expect.objectContaining({ code: 'prefix-mismatch' }));
    expect(() => openPrefix(bytes, { maxFileBytes: 10 })).toThrow(
      expect.objectContaining({ limit: 'maxFileBytes' }),
    );
  });
});

describe('cutPrefix', () => {
  test('gives the bytes that openPrefix needs, of files that are whole, cut or damaged behind them', () => {
    fc.assert(
      fc.property(anyLayeredFile, (file) => {
        const bytes = writeDicm(file);
        const prefix = cutPrefix(bytes);
        expect(prefix).toEqual(bytes.slice(0, readInfo(bytes).prefixBytes));
        expect(prefix.buffer).not.toBe(bytes.buffer);
        expect(openPrefix(prefix).file).toEqual(firstLayerOf(file));
        expect(cutPrefix(bytes.subarray(0, -3))).toEqual(prefix);
        expect(cutPrefix(prefix)).toEqual(prefix);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses a file that has no check of its first layer', () => {
    expect(() => cutPrefix(writeDicm(sampleFile()))).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'no-prefix-check' }),
    );
  });
});

describe('stripLayer', () => {
  test('gives what would have been written without the layer', () => {
    fc.assert(
      fc.property(anyFile, anyLayeredFile, ({ ancillary }, { layers }) => {
        const header = { ...sampleFile().header, versionMinor: 0 };
        const plain = {
          ...sampleFile(),
          header,
          ancillary: ancillary.filter(({ tag }) => ![4, 5, 6].includes(tag)),
        };
        const view = { ...layers![0]!, ancillaryBefore: Math.min(plain.ancillary.length, 1) };
        const layered = writeDicm({ ...plain, layers: [view] });
        expect(layered[5]).toBe(0x11);
        expect(stripLayer(layered, 'view')).toEqual(writeDicm(plain));
      }),
      { numRuns: 50 },
    );
  });

  test('leaves what it does not understand, and what that needs', () => {
    const unknown = { tag: 5, name: 'layer', data: Uint8Array.from([0x10, 0x10, 7, 7]) };
    const file = {
      ...layeredFile({ versionMinor: 1 }),
      ancillary: [unknown, { ...exif, tag: 0x1a, name: '0x1a' }],
    };
    const { layers: _, ...rest } = file;
    const bytes = writeDicm(file);
    // An unused flag of the header is kept as well: only its owner knows what it means.
    const stripped = stripLayer(bytes, 'view');
    expect(readDicm(stripped)).toEqual({ ...rest, prefixCheck: true });
    expect(stripped[5]).toBe(0x11);
    const newer = writeDicm({ ...layeredFile({ versionMinor: 3 }), ancillary: [exif] });
    const plain = readDicm(stripLayer(newer, 'view'));
    expect(plain).toEqual({ ...sampleFile({ versionMinor: 3 }), ancillary: [exif] });
  });

  test('refuses to take away what is not there, or everything, and says so in the names of layers', () => {
    const bytes = writeDicm(layeredFile());
    const view = writeDicm(sampleFile({ profile: 'perceptual' }));
    expect(() => stripLayer(view, 'view')).toThrow("The view layer is the file's first");
    expect(() => stripLayer(view, 'machine')).toThrow('The file has no machine layer');
    expect(() => stripLayer(bytes, 'perceptual' as never)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'bad-layer' }),
    );
    expect(() => stripLayer(bytes, 'machine')).toThrow(expect.objectContaining({ code: 'first-layer' }));
    expect(() => stripLayer(stripLayer(bytes, 'view'), 'view')).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'missing-layer' }),
    );
    expect(() => stripLayer(bytes.subarray(0, -1), 'view')).toThrow(FormatError);
  });
});

test('layers are no metadata: the limit on ancillary bytes does not count them', () => {
  const bytes = writeDicm({ ...layeredFile({}, {}, 5000), ancillary: [exif] });
  expect(readDicm(bytes, { maxAncillaryBytes: 5 }).layers).toHaveLength(1);
  expect(() => readDicm(bytes, { maxAncillaryBytes: 4 })).toThrow(
    expect.objectContaining({ limit: 'maxAncillaryBytes' }),
  );
  // Tiles of all layers together: one and two.
  expect(readDicm(bytes, { maxTiles: 3 }).layers).toHaveLength(1);
  expect(() => readDicm(bytes, { maxTiles: 2 })).toThrow(
    expect.objectContaining({ limit: 'maxTiles', actual: 3 }),
  );
});

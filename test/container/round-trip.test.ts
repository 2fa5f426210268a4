import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DicmFile, DicmHeader } from '../../src/container/dicm-file.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { readInfo } from '../../src/container/read-info.js';
import { tagName } from '../../src/container/tags.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { UsageError } from '../../src/errors.js';
import { anyFile, sampleFile } from './samples.js';

function named(file: DicmFile): DicmFile {
  return {
    ...file,
    ancillary: file.ancillary.map((section) => ({ ...section, name: tagName(section.tag) })),
  };
}

test('what is written is read, and written again is the same bytes', () => {
  fc.assert(
    fc.property(anyFile, (file) => {
      const bytes = writeDicm(file);
      const read = readDicm(bytes);
      expect(read).toEqual(named(file));
      expect(writeDicm(read)).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test('the listing covers the file and agrees with the structure', () => {
  fc.assert(
    fc.property(anyFile, (file) => {
      const bytes = writeDicm(file);
      const info = readInfo(bytes);
      expect(info.header).toEqual(file.header);
      expect(info.fileBytes).toBe(bytes.length);
      expect(info.payloadBytes).toBe(file.tiles.reduce((sum, tile) => sum + tile.bytes.length, 0));
      expect(info.payloadBytes + info.overheadBytes).toBe(info.fileBytes);
      expect(info.tileColumns * info.tileRows).toBe(file.tiles.length);
      expect(info.sections.map(({ tag }) => tag)).toEqual([
        ...file.tiles.map(() => 'tile'),
        ...file.ancillary.map(({ tag }) => tagName(tag)),
      ]);
      expect(info.fields.reduce((sum, field) => sum + field.bytes, 0)).toBe(bytes.length);
      const ends = info.fields.map((field) => field.offset + field.bytes);
      expect(info.fields.slice(1).map((field) => field.offset)).toEqual(ends.slice(0, -1));
    }),
    { numRuns: 100 },
  );
});

test('a file that is part of a larger buffer is read from its own start', () => {
  const bytes = writeDicm(sampleFile());
  const buffer = new Uint8Array(bytes.length + 20).fill(0x8e);
  buffer.set(bytes, 7);
  expect(readDicm(buffer.subarray(7, 7 + bytes.length))).toEqual(sampleFile());
});

test('a Node Buffer gives the same structure as plain bytes', () => {
  const bytes = writeDicm(sampleFile());
  const file = readDicm(Buffer.from(bytes));
  expect(writeDicm(file)).toEqual(bytes);
});

describe('everything but the payload of a one-tile file', () => {
  const source = { sourceWidth: 65535, sourceHeight: 43690 };
  test.each([
    ['without source size', { sourceWidth: 224, sourceHeight: 160 }, 100, 26],
    ['with a source up to 65535, short', source, 100, 30],
    ['with a source up to 65535, usual', source, 16381, 31],
    ['with a source up to 65535, largest', { ...source, width: 512, height: 512 }, 2_097_149, 32],
    ['with a longer source', { sourceWidth: 65536, sourceHeight: 1 }, 100, 34],
  ])('%s', (_name, header: Partial<DicmHeader>, payloadBytes, overheadBytes) => {
    const info = readInfo(writeDicm(sampleFile(header, payloadBytes)));
    expect(info.overheadBytes).toBe(overheadBytes);
    expect(info.payloadBytes).toBe(payloadBytes);
  });
});

describe('the writer refuses', () => {
  const wrong: [string, Partial<DicmHeader>][] = [
    ['a major version it does not write', { versionMajor: 2 }],
    ['a minor version of five bits', { versionMinor: 16 }],
    ['a profile that is not assigned', { profile: 'acoustic' as 'semantic' }],
    ['a width of zero', { width: 0 }],
    ['half a row', { height: 0.5 }],
    ['a source side of 33 bits', { sourceWidth: 2 ** 32 }],
    ['orientation 0', { orientation: 0 }],
    ['orientation 9', { orientation: 9 }],
    ['quality position 2048', { qualityPosition: 2048 }],
    ['no quality position', { qualityPosition: Number.NaN }],
    ['a short decode id', { decodeId: '0123abc' }],
    ['a render id in capitals', { renderId: 'ABCD' }],
  ];
  test.each(wrong)('%s', (_name, header) => {
    const file = sampleFile();
    expect(() => writeDicm({ ...file, header: { ...file.header, ...header } })).toThrow(UsageError);
  });

  const section = { tag: 0x30, name: '', data: new Uint8Array() };
  const tile = { bytes: new Uint8Array(3), check: 0 };
  const structures: [string, Partial<DicmFile>][] = [
    ['no tile', { tiles: [] }],
    ['two tiles for one', { tiles: [tile, tile] }],
    ['a check of 17 bits', { tiles: [{ ...tile, check: 65536 }] }],
    ['a critical section', { ancillary: [{ ...section, tag: 0x82 }] }],
    ['a tag with its reserved bit set', { ancillary: [{ ...section, tag: 0x40 }] }],
    ['tag 0', { ancillary: [{ ...section, tag: 0 }] }],
    [
      'two ICC profiles',
      {
        ancillary: [
          { ...section, tag: 2 },
          { ...section, tag: 2 },
        ],
      },
    ],
    ['256 ancillary sections', { ancillary: Array.from({ length: 256 }, () => section) }],
  ];
  test.each(structures)('%s', (_name, part) => {
    expect(() => writeDicm({ ...sampleFile(), ...part })).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'bad-structure' }),
    );
  });
});

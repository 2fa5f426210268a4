import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DicmFile, DicmHeader } from '../../src/container/dicm-file.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { readInfo } from '../../src/container/read-info.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { UsageError } from '../../src/errors.js';
import { anyFile, anyLayeredFile, layeredFile, sampleFile } from './samples.js';

test.each([
  ['of one layer', anyFile],
  ['of two layers', anyLayeredFile],
])('what is written is read, and written again is the same bytes: files %s', (_name, files) => {
  fc.assert(
    fc.property(files, (file) => {
      const bytes = writeDicm(file);
      const read = readDicm(bytes);
      expect(read).toEqual(file);
      expect(writeDicm(read)).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['of one layer', anyFile],
  ['of two layers', anyLayeredFile],
])('the listing covers the file and agrees with the structure: files %s', (_name, files) => {
  fc.assert(
    fc.property(files, (file) => {
      const bytes = writeDicm(file);
      const info = readInfo(bytes);
      const layers = [file, ...(file.layers ?? [])];
      expect(info.header).toEqual(file.header);
      expect(info.fileBytes).toBe(bytes.length);
      const payloads = layers.map(({ tiles }) => tiles.reduce((sum, tile) => sum + tile.bytes.length, 0));
      expect(info.payloadBytes).toBe(payloads.reduce((sum, size) => sum + size));
      expect(info.payloadBytes + info.overheadBytes).toBe(info.fileBytes);
      expect(info.tileColumns * info.tileRows).toBe(file.tiles.length);
      expect(info.layers.map((layer) => layer.payloadBytes)).toEqual(payloads);
      for (const [index, { tiles, offset, bytes: size }] of info.layers.entries()) {
        // Every tile lies where the layer says, and inside it.
        expect(tiles.map((tile) => [...bytes.subarray(tile.offset, tile.offset + tile.bytes - 2)])).toEqual(
          layers[index]!.tiles.map((tile) => [...tile.bytes]),
        );
        expect(Math.min(...tiles.map((tile) => tile.offset))).toBeGreaterThan(offset);
        expect(Math.max(...tiles.map((tile) => tile.offset + tile.bytes))).toBe(offset + size);
      }
      expect(info.sections.filter(({ tag }) => tag === 'tile')).toHaveLength(file.tiles.length);
      const check = info.sections[file.tiles.length];
      expect(info.prefixBytes).toBe(file.prefixCheck ? check!.offset + check!.bytes : undefined);
      expect(check?.tag === 'prefix-check').toBe(file.prefixCheck === true);
      const others = info.sections.filter(({ tag }) => !['tile', 'prefix-check', 'layer'].includes(tag));
      const unread = file.ancillary.filter(({ name }) => name !== 'layer');
      expect(others.map(({ tag }) => tag)).toEqual(unread.map(({ name }) => name));
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

test('a view layer of one tile and the check before it cost about what the first layer costs', () => {
  const file = layeredFile({}, { width: 512, height: 341 }, 600);
  const info = readInfo(writeDicm(file));
  const { bytes, payloadBytes } = info.layers[1]!;
  expect(bytes - payloadBytes).toBe(18);
  expect(info.prefixBytes! + bytes + 4).toBe(info.fileBytes);
  const plain = readInfo(writeDicm({ ...sampleFile(), ancillary: [] }));
  expect(info.prefixBytes! - (plain.fileBytes - 4)).toBe(6);
});

test('layers raise the minor version, and nothing else does', () => {
  const file = layeredFile({ versionMinor: 0 });
  expect(readDicm(writeDicm(file)).header.versionMinor).toBe(1);
  expect(
    readDicm(writeDicm({ ...file, header: { ...file.header, versionMinor: 3 } })).header.versionMinor,
  ).toBe(3);
  expect(writeDicm(sampleFile())[5]).toBe(0x10);
});

test('a check of the first layer may stand before metadata alone', () => {
  const ancillary = [{ tag: 3, name: 'exif', data: new Uint8Array(5) }];
  const file = { ...sampleFile({ versionMinor: 1 }), prefixCheck: true, ancillary };
  const bytes = writeDicm(file);
  expect(readDicm(bytes)).toEqual(file);
  expect(bytes.length).toBe(writeDicm({ ...file, prefixCheck: false }).length + 6);
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
  const view = layeredFile().layers![0]!;
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
    ['a prefix check that nothing follows', { prefixCheck: true }],
    ['layers without a prefix check', { layers: [view], prefixCheck: false }],
    ['a second layer of one profile', { layers: [view, view] }],
    ['a second machine layer', { layers: [{ ...view, profile: 'semantic' }] }],
    ['a layer without its tiles', { layers: [{ ...view, tiles: view.tiles.slice(1) }] }],
    ['a layer of no width', { layers: [{ ...view, width: 0, tiles: [] }] }],
    ['a layer of no place', { layers: [{ ...view, ancillaryBefore: -1 }] }],
    ['a prefix check among other sections', { layers: [view], ancillary: [{ ...section, tag: 4 }] }],
    ['a readable layer among other sections', { layers: [view], ancillary: [{ ...section, tag: 5 }] }],
    ['254 sections beside a layer and its check', { layers: [view], ancillary: Array(254).fill(section) }],
  ];
  test.each(structures)('%s', (_name, part) => {
    expect(() => writeDicm({ ...sampleFile(), ...part })).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'bad-structure' }),
    );
  });
});

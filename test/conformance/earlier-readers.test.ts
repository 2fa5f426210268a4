import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cutPrefix } from '../../src/container/open-prefix.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { stripLayer } from '../../src/container/strip-layer.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { layeredFile, sampleFile } from '../container/samples.js';

const ROOT = fileURLToPath(new URL('../../fixtures/', import.meta.url));

type ContainerReader = Pick<
  typeof import('../../src/container/index.js'),
  'readDicm' | 'readInfo' | 'writeDicm'
>;

// A name that the compiler does not follow: what was released is not checked again.
const earlier = (await import(join(ROOT, 'readers/0.3.0.js'))) as ContainerReader;

interface Case {
  path: string;
  expect: {
    code?: string;
    header: object;
    tiles: { payload: string; check: number }[];
    ancillary: { tag: number; data: string }[];
    layers?: { profile: string }[];
    prefixCheck?: boolean;
    rewrites?: boolean;
  };
}

const { cases } = JSON.parse(readFileSync(join(ROOT, 'conformance/cases.json'), 'utf8')) as { cases: Case[] };
const valid = cases.filter((each) => each.expect.code === undefined);

describe.each(valid)('the reader of 0.3.0 and $path', ({ path, expect: expected }) => {
  const bytes = new Uint8Array(readFileSync(join(ROOT, 'conformance', path)));

  test('opens its first layer and skips the rest', () => {
    const file = earlier.readDicm(bytes);
    expect(file.header).toEqual(expected.header);
    const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');
    expect(file.tiles.map((tile) => ({ payload: hex(tile.bytes), check: tile.check }))).toEqual(
      expected.tiles,
    );
    const skipped = file.ancillary.filter(({ tag }) => expected.prefixCheck !== true || tag !== 4);
    expect(skipped).toHaveLength(expected.ancillary.length + (expected.layers ?? []).length);
    expect(earlier.readInfo(bytes).fileBytes).toBe(bytes.length);
  });

  test('rewrites it so that this version reads the same', () => {
    const again = earlier.writeDicm(earlier.readDicm(bytes));
    expect(Buffer.compare(again, bytes) === 0).toBe(expected.rewrites !== false);
    expect(readDicm(again)).toEqual(readDicm(bytes));
  });
});

test('there are layered files among them', () => {
  expect(valid.filter((each) => (each.expect.layers ?? []).length > 0).length).toBeGreaterThan(5);
});

test('a file of one layer is written as 0.3.0 writes it', () => {
  const ancillary = [{ tag: 3, name: 'exif', data: Uint8Array.from([1, 2, 3]) }];
  for (const file of [sampleFile(), { ...sampleFile({ width: 600 }, 300), ancillary }]) {
    expect(writeDicm(file)).toEqual(earlier.writeDicm(file));
    const { layers } = layeredFile();
    const layered = writeDicm({ ...file, layers: layers! });
    expect(stripLayer(layered, 'view')).toEqual(earlier.writeDicm(file));
  }
});

test('a prefix is damage to the reader of 0.3.0', () => {
  expect(() => earlier.readDicm(cutPrefix(writeDicm(layeredFile())))).toThrow(
    expect.objectContaining({ name: 'FormatError', code: 'truncated' }),
  );
});

test('a layer above 16 MiB is above its limit on ancillary bytes, which can be raised', () => {
  const bytes = writeDicm(layeredFile({}, { width: 512, height: 512 }, 2 ** 24));
  expect(readDicm(bytes).layers).toHaveLength(1);
  expect(() => earlier.readDicm(bytes)).toThrow(
    expect.objectContaining({ name: 'LimitError', limit: 'maxAncillaryBytes' }),
  );
  expect(earlier.readDicm(bytes, { maxAncillaryBytes: 2 ** 25 }).tiles).toEqual(sampleFile().tiles);
  expect(earlier.readDicm(stripLayer(bytes, 'view')).tiles).toEqual(sampleFile().tiles);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerNameOf } from '../../src/container/profiles.js';
import { readInfo } from '../../src/container/read-info.js';
import { indexTiles, readTile } from '../../src/container/tile-index.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { anyFile, anyLayeredFile, countingSource, layeredFile, sampleFile } from './samples.js';

test.each([
  ['of one layer', anyFile],
  ['of two layers', anyLayeredFile],
])('an index has every tile where the listing has it: files %s', async (_name, files) => {
  await fc.assert(
    fc.asyncProperty(files, async (file) => {
      const bytes = writeDicm(file);
      const info = readInfo(bytes);
      for (const layer of info.layers) {
        const index = await indexTiles(bytes, layerNameOf(layer.profile));
        expect(index.header).toEqual(info.header);
        expect(index.layer).toMatchObject({
          profile: layer.profile,
          width: layer.width,
          height: layer.height,
        });
        expect(index.tiles).toEqual(layer.tiles);
        expect(await indexTiles(countingSource(bytes), layerNameOf(layer.profile))).toEqual(index);
      }
      const first = await indexTiles(bytes);
      expect(first.layer).toEqual(info.header);
      const tiles = await Promise.all(file.tiles.map((_tile, i) => readTile(bytes, first, i)));
      expect(tiles).toEqual(file.tiles);
    }),
    { numRuns: 100 },
  );
});

describe('a large file', () => {
  const size = { width: 512 * 20, height: 512 * 10 };
  const file = { ...layeredFile(size, size, 30_000), tiles: sampleFile(size, 30_000).tiles };
  const bytes = writeDicm(file);

  test('of 200 tiles in its first layer costs a kilobyte for each, not their payloads', async () => {
    const source = countingSource(bytes);
    const index = await indexTiles(source);
    expect(index.tiles).toHaveLength(200);
    expect(source.total()).toBeLessThanOrEqual(201 * 1024);
    const tile = await readTile(source, index, 137);
    expect(tile).toEqual(file.tiles[137]);
    expect(source.reads.at(-1)).toEqual({ offset: index.tiles[137]!.offset, length: 30_002 });
  });

  test('has the lengths of a further layer together', async () => {
    const first = countingSource(bytes);
    await indexTiles(first);
    const source = countingSource(bytes);
    const index = await indexTiles(source, 'view');
    expect(source.reads.length - first.reads.length).toBeLessThanOrEqual(3);
    expect(await readTile(source, index, 199)).toEqual(file.layers![0]!.tiles[199]);
  });
});

test('the first bytes of a file give the tiles they reach', async () => {
  const file = sampleFile({ width: 512 * 5, height: 512 }, 5000);
  const bytes = writeDicm(file);
  const part = bytes.subarray(0, 12_000);
  const index = await indexTiles(part);
  // The third begins in these bytes and ends behind them; where the fourth begins is not in them.
  expect(index.tiles).toEqual(readInfo(bytes).layers[0]!.tiles.slice(0, 3));
  expect(await readTile(part, index, 1)).toEqual(file.tiles[1]);
  for (const missing of [2, 3, 4]) {
    await expect(readTile(part, index, missing)).rejects.toMatchObject({ code: 'truncated' });
  }
});

test('a file without the layer says so', async () => {
  await expect(indexTiles(writeDicm(sampleFile()), 'view')).rejects.toThrow('The file has no view layer');
  await expect(indexTiles(writeDicm(layeredFile()), 'perceptual' as never)).rejects.toMatchObject({
    name: 'UsageError',
    code: 'bad-layer',
  });
  for (const file of [
    sampleFile(),
    { ...sampleFile(), ancillary: [{ tag: 3, name: '', data: new Uint8Array(9) }] },
  ]) {
    await expect(indexTiles(writeDicm(file), 'view')).rejects.toMatchObject({ code: 'missing-layer' });
  }
  const bytes = writeDicm(layeredFile());
  const { prefixBytes = 0 } = readInfo(bytes);
  await expect(indexTiles(bytes.subarray(0, prefixBytes), 'view')).rejects.toMatchObject({
    code: 'missing-layer',
  });
  await expect(indexTiles(bytes.subarray(0, prefixBytes + 9), 'view')).rejects.toMatchObject({
    code: 'truncated',
  });
});

test('the limit on tiles is of all layers together: the first, those passed and the one that is sought', async () => {
  const limitsOf = (file: Uint8Array, maxTiles: number) => indexTiles(file, 'view', { maxTiles });
  const bytes = writeDicm(layeredFile({ width: 1024 }, { width: 2048 }));
  expect((await limitsOf(bytes, 6)).tiles).toHaveLength(4);
  await expect(limitsOf(bytes, 5)).rejects.toMatchObject({ limit: 'maxTiles', actual: 6 });

  // A layer of the first one's profile before it; no writer makes that, and an index compares no checksum.
  const [, , view] = readInfo(bytes).sections.slice(1);
  const passed = bytes.slice(view!.offset, view!.offset + view!.bytes);
  // The second byte of its flags, behind tag and a length of two bytes: profile and size form.
  expect(passed[4]).toBe(0b01010 | ((300 << 5) % 256));
  passed[4]! &= ~0b11000;
  const both = Uint8Array.from([
    ...bytes.subarray(0, view!.offset),
    ...passed,
    ...bytes.subarray(view!.offset),
  ]);
  expect((await limitsOf(both, 10)).tiles).toHaveLength(4);
  await expect(limitsOf(both, 9)).rejects.toMatchObject({ limit: 'maxTiles', actual: 10 });
});

test('limits hold before anything of their size is read', async () => {
  const bytes = writeDicm(layeredFile({ width: 1024 }, { width: 2048 }, 100));
  await expect(indexTiles(bytes, undefined, { maxTiles: 1 })).rejects.toMatchObject({ limit: 'maxTiles' });
  await expect(indexTiles(bytes, 'view', { maxPixels: 1e5 })).rejects.toMatchObject({
    limit: 'maxPixels',
  });
  const index = await indexTiles(bytes);
  await expect(readTile(bytes, index, 0, { maxFileBytes: 10 })).rejects.toMatchObject({
    limit: 'maxFileBytes',
  });
});

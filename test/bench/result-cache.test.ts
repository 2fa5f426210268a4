import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openResultCache } from '../../src/bench/measure/result-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a value is found by an equal key, and by no other', async () => {
  const cache = openResultCache(folder);
  await cache.put(['sample', 'jpeg', 5], { bytes: 12 });
  expect(await openResultCache(folder).get(['sample', 'jpeg', 5])).toEqual({ bytes: 12 });
  expect(await cache.get(['sample', 'jpeg', 6])).toBeUndefined();
});

test('a damaged value counts as none, and nothing unfinished is left', async () => {
  const place = join(folder, 'damaged');
  const cache = openResultCache(place);
  await cache.put('key', [1, 2, 3]);
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(files.map(({ name }) => name)).toEqual([expect.stringMatching(/^[0-9a-f]+\.json$/)]);
  writeFileSync(join(files[0]!.parentPath, files[0]!.name), '[1, 2');
  expect(await cache.get('key')).toBeUndefined();
});

test('a folder that cannot be written is an error of the output', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openResultCache(file).put('key', 1)).rejects.toMatchObject({ code: 'cache-failed' });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findModel } from '../../src/model/find-model.js';
import { listModelFolders, modelSearchPath, readModelChoice } from '../../src/platform/node/model-folders.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { copyTiny, folderForTests } from '../model/tiny-copies.js';

const folder = folderForTests();
afterEach(() => {
  vi.unstubAllEnvs();
});

test('the search goes through $DICM_MODEL_PATH, then the package', () => {
  vi.stubEnv('DICM_MODEL_PATH', ['one', '', 'two'].join(delimiter));
  const places = modelSearchPath();
  expect(places.slice(0, 2)).toEqual(['one', 'two']);
  expect(places[2]).toBe(fileURLToPath(new URL('../../packages/model-r50', import.meta.url)));
  expect(modelSearchPath('given')).toEqual(['given']);
});

test('of a profile without a model it is said which package brings one', async () => {
  const listing = { sources: [], places: [], advice: { perceptual: 'install that' } };
  const platform = { ...nodePlatform, listModels: async () => listing };
  const missing = findModel(platform, { profile: 'perceptual' });
  await expect(missing).rejects.toMatchObject({
    code: 'model-missing',
    message: expect.stringMatching(/; install that$/),
  });
  const { advice = {} } = await listModelFolders();
  expect(advice.semantic).toBeUndefined();
});

describe('listModelFolders', () => {
  const list = async (path: string) => (await listModelFolders(path)).sources.map(({ where }) => where);

  test('takes a model folder, a folder of models, and passes over everything else', async () => {
    await copyTiny(join(folder(), 'b'));
    await copyTiny(join(folder(), 'a'));
    await mkdir(join(folder(), 'empty'));
    await writeFile(join(folder(), 'file'), '');
    expect(await list(folder())).toEqual([join(folder(), 'a'), join(folder(), 'b')]);
    expect(await list(join(folder(), 'a'))).toEqual([join(folder(), 'a')]);
    expect(await list(join(folder(), 'nowhere'))).toEqual([]);
  });
});

test('what exists as a folder or looks like a path points at models; anything else is a name', async () => {
  expect(await readModelChoice('./a')).toEqual({ path: './a' });
  expect(await readModelChoice('a/b')).toEqual({ path: 'a/b' });
  expect(await readModelChoice('src')).toEqual({ path: 'src' });
  expect(await readModelChoice('package.json')).toEqual({ name: 'package.json' });
  expect(await readModelChoice('dicm-r50')).toEqual({ name: 'dicm-r50' });
});

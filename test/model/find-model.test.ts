import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { findModel, listModels } from '../../src/model/find-model.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { copyTiny, folderForTests } from './tiny-copies.js';

describe('findModel', () => {
  const folder = folderForTests();
  beforeEach(async () => {
    for (const [name, digit] of [
      ['first', 'a'],
      ['dicm-r50', 'b'],
    ] as const) {
      await copyTiny(join(folder(), digit), (manifest) => {
        manifest.name = name;
        manifest.decodeId = digit.repeat(64);
      });
    }
  });

  const choose = async (query: object) =>
    (await findModel(nodePlatform, { path: folder(), ...query })).manifest.name;

  test('lists what there is', async () => {
    const found = await listModels(nodePlatform, folder());
    expect(found.map(({ source, manifest }) => [source.where, manifest.name])).toEqual([
      [join(folder(), 'a'), 'first'],
      [join(folder(), 'b'), 'dicm-r50'],
    ]);
  });

  test('chooses by name and decode id', async () => {
    expect(await choose({})).toBe('dicm-r50');
    expect(await choose({ name: 'first' })).toBe('first');
    expect(await choose({ decodeId: 'aaaaaaaa' })).toBe('first');
  });

  test('takes the preferred model where nothing is asked for', async () => {
    vi.stubEnv('DICM_MODEL', 'first');
    expect(await choose({})).toBe('first');
    expect(await choose({ decodeId: 'bbbbbbbb' })).toBe('dicm-r50');
    vi.unstubAllEnvs();
  });

  test('says what was wanted, what there is, and where', async () => {
    await expect(choose({ name: 'first', decodeId: 'bbbbbbbb' })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringMatching(
        /named first with decode id bbbbbbbb.*first \(aaaaaaaa\), dicm-r50 \(b{8}\)/,
      ),
    });
    const path = join(folder(), 'none');
    await expect(choose({ path })).rejects.toMatchObject({
      code: 'model-missing',
      message: `no model in ${path}; there is none at all`,
    });
  });
});

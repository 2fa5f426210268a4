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

  test('chooses by profile', async () => {
    await copyTiny(join(folder(), 'c'), (manifest) => {
      manifest.name = 'seen';
      manifest.profile = 'perceptual';
    });
    expect(await choose({ profile: 'perceptual' })).toBe('seen');
    expect(await choose({ profile: 'semantic' })).toBe('dicm-r50');
    await expect(choose({ name: 'seen', profile: 'semantic' })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringMatching(/no model named seen of the semantic profile .*seen \(perceptual, /),
    });
  });

  test('reads a file with the model of its id, else with one that kept its decode path', async () => {
    await copyTiny(join(folder(), '0-later'), (manifest) => {
      manifest.name = 'later';
      manifest.decodeId = 'c'.repeat(64);
      manifest.earlierDecodePaths = ['b', 'd'].map((digit) => ({
        decodeId: digit.repeat(64),
        prefix: `decode-${digit}.`,
      }));
    });
    expect(await choose({ decodeId: 'bbbbbbbb' })).toBe('dicm-r50');
    expect(await choose({ decodeId: 'dddddddd' })).toBe('later');
    expect(await choose({ decodeId: 'cccccccc' })).toBe('later');
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
        /named first with decode id bbbbbbbb.*first \(semantic, aaaaaaaa\), dicm-r50 \(semantic, b{8}\)/,
      ),
    });
    const path = join(folder(), 'none');
    await expect(choose({ path })).rejects.toMatchObject({
      code: 'model-missing',
      message: `no model in ${path}; there is none at all`,
    });
  });
});

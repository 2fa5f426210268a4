import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { ModelError } from '../../src/errors.js';
import { loadModel } from '../../src/model/load-model.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import type { ModelSource } from '../../src/platform/platform.js';
import { profileNamed } from '../../src/profiles/all-profiles.js';

const FOLDER = fileURLToPath(new URL('../../packages/model-r50', import.meta.url));

/** Files that were asked for, and those that cannot be had. */
let asked: string[];
let unreachable: string[];

beforeEach(() => {
  asked = [];
  unreachable = [];
});

/** The released model as one that is downloaded. */
function remote(changes: Partial<ModelSource> = {}): ModelSource {
  const read = async (file: string) => {
    asked.push(file);
    if (unreachable.includes(file)) throw new ModelError('model-missing', `${file} cannot be fetched`);
    return readFile(join(FOLDER, file));
  };
  return { where: 'https://example.org/model', isRemote: true, read, ...changes };
}

const open = (source: ModelSource) => loadModel(source, nodePlatform.sha256, profileNamed);

const weights = () => asked.filter((file) => file.endsWith('.safetensors')).sort();

test('files are read when their use is asked for, each once', async () => {
  const model = await open(remote());
  expect(weights()).toEqual(['0-gains.safetensors', '1-entropy.safetensors']);
  await model.checkRenderId();
  expect(weights()).toEqual(['0-gains.safetensors', '1-entropy.safetensors']);
  await Promise.all([model.tensorsFor(['entropy', 'heads']), model.tensorsFor(['heads'])]);
  expect(weights()).toEqual(['0-gains.safetensors', '1-entropy.safetensors', '5-heads.safetensors']);
  expect(model.tensors.has('heads.mask.up.weight')).toBe(true);
  expect(model.tensors.has('tail.fc.weight')).toBe(false);
  const tensors = await model.tensorsFor(['tail']);
  expect(tensors.has('tail.fc.weight')).toBe(true);
  expect(weights()).toHaveLength(7);
});

test('an earlier decode path is read when a file needs it, once', async () => {
  const model = await open(remote());
  const { prefix, file } = model.manifest.earlierDecodePaths![0]!;
  expect(model.tensors.has(`${prefix}hs.in.weight`)).toBe(false);
  asked = [];
  const tensors = await model.tensorsFor(['entropy'], prefix);
  expect(tensors.has(`${prefix}hs.in.weight`)).toBe(true);
  await model.tensorsFor(['entropy'], prefix);
  expect(asked).toEqual([file]);
});

test('an earlier decode path that has another id than stated is refused when it is read', async () => {
  const source = remote();
  const read = async (file: string) => {
    const bytes = await source.read(file);
    if (file !== 'manifest.json') return bytes;
    const manifest = JSON.parse(new TextDecoder().decode(bytes));
    manifest.earlierDecodePaths[0].decodeId = 'e'.repeat(64);
    return new TextEncoder().encode(JSON.stringify(manifest));
  };
  const model = await open({ ...source, read });
  const { prefix } = model.manifest.earlierDecodePaths![0]!;
  await expect(model.tensorsFor(['entropy'], prefix)).rejects.toMatchObject({
    code: 'model-damaged',
    message: expect.stringContaining(`decodeId of ${prefix}`),
  });
});

test('a model on this machine is read as a whole', async () => {
  const { isRemote: _, ...local } = remote();
  const model = await open(local);
  // The projection of searches and the ranges lie beside the weights.
  const { weights: listed, search, ranges } = model.manifest;
  const beside = [search, ranges].flatMap((entry) => (entry === undefined ? [] : [entry.file]));
  expect(beside).toHaveLength(2);
  expect(weights()).toEqual([...listed.map(({ file }) => file), ...beside].sort());
});

test('what could not be fetched is fetched by the next call', async () => {
  const model = await open(remote());
  unreachable = ['5-heads.safetensors'];
  await expect(model.tensorsFor(['heads'])).rejects.toMatchObject({ code: 'model-missing' });
  unreachable = [];
  expect((await model.tensorsFor(['heads'])).has('heads.mask.up.weight')).toBe(true);
});

test('a damaged copy is read anew, and refused when that is damaged too', async () => {
  const damaged = async (file: string) => {
    const bytes = await readFile(join(FOLDER, file));
    if (file.endsWith('.safetensors')) bytes[1000]! ^= 1;
    return bytes;
  };
  const anew: string[] = [];
  const readAnew = async (file: string) => {
    anew.push(file);
    return readFile(join(FOLDER, file));
  };
  const model = await open(remote({ read: damaged, readAnew }));
  expect(model.tensors.size).toBeGreaterThan(0);
  expect(anew.sort()).toEqual(['0-gains.safetensors', '1-entropy.safetensors']);
  await expect(open(remote({ read: damaged, readAnew: damaged }))).rejects.toMatchObject({
    code: 'model-damaged',
    message: expect.stringContaining('https://example.org/model/'),
  });
  await expect(open(remote({ read: damaged }))).rejects.toMatchObject({ code: 'model-damaged' });
});

import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findModel, listModels, modelSearchPath } from '../../src/model/find-models.js';
import { loadModel } from '../../src/model/load-model.js';
import { computeModelIds } from '../../src/model/model-id.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from './write-safetensors.js';

const tiny = fileURLToPath(new URL('../../fixtures/models/tiny', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dicm-model-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Copies the tiny model and lets its manifest be changed. */
async function copyTiny(
  name: string,
  edit: (manifest: Record<string, unknown>) => void = () => {},
): Promise<string> {
  const copy = join(folder, name);
  await cp(tiny, copy, { recursive: true });
  const path = join(copy, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
  return copy;
}

test('loads the tiny model, whose ids PyTorch computed', async () => {
  const model = await loadModel(tiny, { checkIds: true });
  expect(model.decodeId).toBe(model.manifest.decodeId.slice(0, 8));
  expect(model.renderId).toBe(model.manifest.renderId.slice(0, 4));
  expect(model.classes).toHaveLength(1000);
  // Stored as 8-bit integers with a scale, which is no tensor of its own.
  expect(model.tensors.get('tail.fc.weight')!.dtype).toBe('f32');
  expect(model.tensors.has('tail.fc.weight_scale')).toBe(false);
  expect(model.tensors.get('entropy.gaussian.cdf')!.dtype).toBe('i32');
});

test('ids cover name, type, shape and bytes of exactly the tensors they are about', () => {
  const make = (entries: Record<string, number[]>) =>
    new Map(
      Object.entries(entries).map(([name, shape]) => {
        const length = 4 * shape.reduce((a, b) => a * b, 1);
        return [name, { type: 'F32' as const, shape, bytes: new Uint8Array(length).fill(name.length) }];
      }),
    );
  const ids = computeModelIds(make({ 'hs.a': [], 'gain.log2': [1, 2], 'gs.b': [1] }));
  expect(ids.decodeId).toBe(
    createHash('sha256')
      .update('gain.log2\0F32\x001,2\0')
      .update(new Uint8Array(8).fill(9))
      .update('hs.a\0F32\0\0')
      .update(new Uint8Array(4).fill(4))
      .digest('hex'),
  );
  const changed = (entries: Record<string, number[]>) => {
    const other = computeModelIds(make(entries));
    return [other.decodeId !== ids.decodeId, other.renderId !== ids.renderId];
  };
  expect(changed({ 'gs.b': [1], 'gain.log2': [1, 2], 'hs.a': [] })).toEqual([false, false]);
  expect(changed({ 'hs.a': [1], 'gain.log2': [1, 2], 'gs.b': [1] })).toEqual([true, false]);
  expect(changed({ 'hs.a': [], 'gain.log2': [1, 2], 'gs.c': [1] })).toEqual([false, true]);
  const others = { 'hs.a': [], 'gain.log2': [1, 2], 'gs.b': [1] };
  expect(changed({ ...others, 'head.x': [1], 'ga.y': [1], 'ha.z': [1] })).toEqual([false, false]);
  expect(changed({ ...others, 'entropy.e': [1] })).toEqual([true, false]);
  expect(changed({ ...others, 'gain.log2_inverse': [1] })).toEqual([false, true]);
});

describe('a damaged model is refused:', () => {
  const shard = 'weights-00001-of-00001.safetensors';

  test('a changed byte', async () => {
    const copy = await copyTiny('m');
    const bytes = await readFile(join(copy, shard));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(copy, shard), bytes);
    await expect(loadModel(copy)).rejects.toMatchObject({ name: 'ModelError', code: 'model-damaged' });
  });

  test('a short file', async () => {
    const copy = await copyTiny('m');
    await writeFile(join(copy, shard), (await readFile(join(copy, shard))).subarray(0, 1000));
    await expect(loadModel(copy)).rejects.toMatchObject({ code: 'model-damaged' });
  });

  test('a missing file', async () => {
    const copy = await copyTiny('m');
    await rm(join(copy, shard));
    await expect(loadModel(copy)).rejects.toMatchObject({ code: 'model-missing' });
    await expect(loadModel(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'model-missing' });
  });

  test('an id that is not that of the tensors', async () => {
    const copy = await copyTiny('m', (manifest) => {
      manifest.decodeId = '0'.repeat(64);
    });
    await expect(loadModel(copy, { checkIds: true })).rejects.toMatchObject({ code: 'model-damaged' });
  });

  async function withWeights(...files: Uint8Array[]): Promise<string> {
    return copyTiny('m', (manifest) => {
      manifest.weights = files.map((bytes, i) => ({
        file: `w${i}`,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }));
    }).then(async (copy) => {
      await Promise.all(files.map((bytes, i) => writeFile(join(copy, `w${i}`), bytes)));
      return copy;
    });
  }

  test('a tensor in two files', async () => {
    const file = writeSafetensors({ a: { dtype: 'I8', shape: [0], bytes: new Uint8Array() } });
    await expect(loadModel(await withWeights(file, file))).rejects.toMatchObject({ code: 'bad-weights' });
  });

  test('8-bit integers without a scale for every channel', async () => {
    const a = { dtype: 'I8', shape: [2, 1], bytes: new Uint8Array(2) };
    const scale = { dtype: 'F32', shape: [1], bytes: bytesOf(new Float32Array(1)) };
    const attempts: Record<string, WrittenTensor>[] = [{ a }, { a, a_scale: scale }];
    for (const tensors of attempts) {
      const copy = await withWeights(writeSafetensors(tensors));
      await expect(loadModel(copy)).rejects.toMatchObject({ code: 'bad-weights' });
    }
    const good = { ...scale, shape: [2], bytes: bytesOf(Float32Array.of(1, 2)) };
    const copy = await withWeights(
      writeSafetensors({ a, b_scale: good }),
      writeSafetensors({ a_scale: good }),
    );
    const { tensors } = await loadModel(copy);
    expect([...tensors.keys()].sort()).toEqual(['a', 'b_scale']);
  });
});

describe('looking for models', () => {
  test('goes through $DICM_MODEL_PATH, then the package', async () => {
    vi.stubEnv('DICM_MODEL_PATH', ['one', '', 'two'].join(delimiter));
    const places = modelSearchPath();
    expect(places.slice(0, 2)).toEqual(['one', 'two']);
    expect(places[2]).toBe(fileURLToPath(new URL('../../models', import.meta.url)));
    expect(modelSearchPath('given')).toEqual(['given']);
  });

  test('takes a model folder, a folder of models, and passes over everything else', async () => {
    await copyTiny('b');
    await copyTiny('a');
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'file'), '');
    const found = await listModels(folder);
    expect(found.map((model) => model.folder)).toEqual([join(folder, 'a'), join(folder, 'b')]);
    expect((await listModels(join(folder, 'a'))).map((model) => model.folder)).toEqual([join(folder, 'a')]);
    expect(await listModels(join(folder, 'nowhere'))).toEqual([]);
  });

  test('chooses by name and decode id', async () => {
    await copyTiny('a', (manifest) => {
      manifest.name = 'first';
      manifest.decodeId = 'a'.repeat(64);
    });
    await copyTiny('b', (manifest) => {
      manifest.name = 'dicm-r50';
      manifest.decodeId = 'b'.repeat(64);
    });
    const choose = async (query: object) => (await findModel({ path: folder, ...query })).manifest.name;
    expect(await choose({})).toBe('dicm-r50');
    expect(await choose({ name: 'first' })).toBe('first');
    expect(await choose({ decodeId: 'aaaaaaaa' })).toBe('first');
    await expect(choose({ name: 'first', decodeId: 'bbbbbbbb' })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringMatching(
        /named first with decode id bbbbbbbb.*first \(aaaaaaaa\), dicm-r50 \(b{8}\)/,
      ),
    });
    await expect(findModel({ path: join(folder, 'none') })).rejects.toMatchObject({ code: 'model-missing' });
  });
});

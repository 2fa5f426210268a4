import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { computeDecodeId, computeRenderId } from '../../src/model/model-id.js';
import type { ModelRules } from '../../src/model/model-rules.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { machine } from '../../src/profiles/machine.js';
import { loadFolder } from './load-folder.js';
import { copyTiny, folderForTests, TINY } from './tiny-copies.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from './write-safetensors.js';

const folder = folderForTests();

test('loads the tiny model, whose ids PyTorch computed', async () => {
  const model = await loadFolder(TINY);
  await model.checkRenderId();
  expect(model.decodeId).toBe(model.manifest.decodeId.slice(0, 8));
  expect(model.renderId).toBe(model.manifest.renderId.slice(0, 4));
  expect(model.classes).toHaveLength(1000);
  // Stored as 8-bit integers with a scale, which is no tensor of its own.
  expect(model.tensors.get('tail.fc.weight')!.dtype).toBe('f32');
  expect(model.tensors.has('tail.fc.weight_scale')).toBe(false);
  expect(model.tensors.get('entropy.gaussian.cdf')!.dtype).toBe('i32');
});

test('ids cover name, type, shape and bytes of exactly the tensors they are about', async () => {
  const make = (entries: Record<string, number[]>) =>
    new Map(
      Object.entries(entries).map(([name, shape]) => {
        const length = 4 * shape.reduce((a, b) => a * b, 1);
        return [name, { type: 'F32' as const, shape, bytes: new Uint8Array(length).fill(name.length) }];
      }),
    );
  const compute = async (entries: Record<string, number[]>) => ({
    decodeId: await computeDecodeId(make(entries), machine, nodePlatform.sha256),
    renderId: await computeRenderId(make(entries), machine, nodePlatform.sha256),
  });
  const ids = await compute({ 'hs.a': [], 'gain.log2': [1, 2], 'gs.b': [1] });
  expect(ids.decodeId).toBe(
    createHash('sha256')
      .update('gain.log2\0F32\x001,2\0')
      .update(new Uint8Array(8).fill(9))
      .update('hs.a\0F32\0\0')
      .update(new Uint8Array(4).fill(4))
      .digest('hex'),
  );
  const changed = async (entries: Record<string, number[]>) => {
    const other = await compute(entries);
    return [other.decodeId !== ids.decodeId, other.renderId !== ids.renderId];
  };
  expect(await changed({ 'gs.b': [1], 'gain.log2': [1, 2], 'hs.a': [] })).toEqual([false, false]);
  expect(await changed({ 'hs.a': [1], 'gain.log2': [1, 2], 'gs.b': [1] })).toEqual([true, false]);
  expect(await changed({ 'hs.a': [], 'gain.log2': [1, 2], 'gs.c': [1] })).toEqual([false, true]);
  const others = { 'hs.a': [], 'gain.log2': [1, 2], 'gs.b': [1] };
  expect(await changed({ ...others, 'head.x': [1], 'ga.y': [1], 'ha.z': [1] })).toEqual([false, false]);
  expect(await changed({ ...others, 'entropy.e': [1] })).toEqual([true, false]);
  expect(await changed({ ...others, 'gain.log2_inverse': [1] })).toEqual([false, true]);
});

describe('a damaged model is refused:', () => {
  const shard = 'weights-00001-of-00001.safetensors';

  test('a changed byte', async () => {
    const copy = await copyTiny(join(folder(), 'm'));
    const bytes = await readFile(join(copy, shard));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(copy, shard), bytes);
    await expect(loadFolder(copy)).rejects.toMatchObject({ name: 'ModelError', code: 'model-damaged' });
  });

  test('a short file', async () => {
    const copy = await copyTiny(join(folder(), 'm'));
    await writeFile(join(copy, shard), (await readFile(join(copy, shard))).subarray(0, 1000));
    await expect(loadFolder(copy)).rejects.toMatchObject({ code: 'model-damaged' });
  });

  test('a missing file', async () => {
    const copy = await copyTiny(join(folder(), 'm'));
    await rm(join(copy, shard));
    await expect(loadFolder(copy)).rejects.toMatchObject({ code: 'model-missing' });
    await expect(loadFolder(join(folder(), 'nowhere'))).rejects.toMatchObject({ code: 'model-missing' });
  });

  test.skipIf(process.platform === 'win32')('a pipe or a folder in the place of a file', async () => {
    for (const file of [shard, 'classes.json', 'manifest.json']) {
      const copy = await copyTiny(join(folder(), file));
      const refusal = { code: 'model-missing', message: expect.stringMatching(`${file} is no regular file`) };
      await rm(join(copy, file));
      execFileSync('mkfifo', [join(copy, file)]);
      await expect(loadFolder(copy)).rejects.toMatchObject(refusal);
      await rm(join(copy, file));
      await mkdir(join(copy, file));
      await expect(loadFolder(copy)).rejects.toMatchObject(refusal);
    }
  });

  test('an id that is not that of the tensors', async () => {
    const copy = await copyTiny(join(folder(), 'm'), (manifest) => {
      manifest.decodeId = '0'.repeat(64);
    });
    await expect(loadFolder(copy)).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringMatching(/the tensors have decodeId \w{64}, the manifest states 0{64}/),
    });
    const other = await copyTiny(join(folder(), 'n'), (manifest) => {
      manifest.renderId = '0'.repeat(64);
    });
    const model = await loadFolder(other);
    await expect(model.checkRenderId()).rejects.toMatchObject({ code: 'model-damaged' });
  });

  const anyRules: ModelRules = { ...machine, sizes: [] };

  async function withWeights(...files: Uint8Array[]): Promise<string> {
    return copyTiny(join(folder(), 'm'), (manifest) => {
      // Of no tensor at all.
      manifest.decodeId = createHash('sha256').digest('hex');
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
    await expect(loadFolder(await withWeights(file, file), () => anyRules)).rejects.toMatchObject({
      code: 'bad-weights',
    });
  });

  test('8-bit integers without a scale for every channel', async () => {
    const a = { dtype: 'I8', shape: [2, 1], bytes: new Uint8Array(2) };
    const scale = { dtype: 'F32', shape: [1], bytes: bytesOf(new Float32Array(1)) };
    const attempts: Record<string, WrittenTensor>[] = [{ a }, { a, a_scale: scale }];
    for (const tensors of attempts) {
      const copy = await withWeights(writeSafetensors(tensors));
      await expect(loadFolder(copy, () => anyRules)).rejects.toMatchObject({ code: 'bad-weights' });
    }
    const good = { ...scale, shape: [2], bytes: bytesOf(Float32Array.of(1, 2)) };
    const copy = await withWeights(
      writeSafetensors({ a, b_scale: good }),
      writeSafetensors({ a_scale: good }),
    );
    const { tensors } = await loadFolder(copy, () => anyRules);
    expect([...tensors.keys()].sort()).toEqual(['a', 'b_scale']);
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import {
  type Codec,
  checkInstalledModel,
  listInstalledModels,
  openCodec,
  readInfo,
} from '../../src/index.js';
import { computeDecodeId, computeRenderId } from '../../src/model/model-id.js';
import { type RawTensor, readSafetensors } from '../../src/model/safetensors.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { machine } from '../../src/profiles/machine.js';
import { copyTiny, folderForTests, TINY } from '../model/tiny-copies.js';
import { writeSafetensors } from '../model/write-safetensors.js';
import { openTiny, photo } from './helpers.js';

const folder = folderForTests();
let later: string;
beforeEach(async () => {
  later = join(folder(), 'later');
  await writeLaterModel(later);
});

/** A model of another decode id, with other gains, that keeps the tiny model's decode path. */
async function writeLaterModel(to: string): Promise<void> {
  const { sha256 } = nodePlatform;
  const own = await tinyTensors();
  for (const name of ['gain.log2', 'gain.log2_inverse']) {
    const { type, shape, bytes } = own.get(name)!;
    const values = new Float32Array(Uint8Array.from(bytes).buffer).map((v) =>
      name === 'gain.log2' ? v + 0.5 : v - 0.5,
    );
    own.set(name, { type, shape, bytes: new Uint8Array(values.buffer) });
  }
  const decodeId = await computeDecodeId(await tinyTensors(), machine, sha256);
  const prefix = `decode-${decodeId.slice(0, 8)}.`;
  const tensors = new Map(own);
  for (const [name, tensor] of await tinyTensors()) {
    if (/^(hs|entropy|gain)\./.test(name)) tensors.set(prefix + name, tensor);
  }
  const file = writeSafetensors(
    Object.fromEntries(
      [...tensors].map(([name, { type, shape, bytes }]) => [name, { dtype: type, shape: [...shape], bytes }]),
    ),
  );
  const ids = {
    decodeId: await computeDecodeId(own, machine, sha256),
    renderId: await computeRenderId(own, machine, sha256),
  };
  await copyTiny(to, (manifest) => {
    Object.assign(manifest, ids, {
      name: 'later',
      earlierDecodePaths: [{ decodeId, prefix }],
      weights: [{ file: 'w', bytes: file.length, sha256: createHash('sha256').update(file).digest('hex') }],
    });
  });
  await writeFile(join(to, 'w'), file);
}

async function tinyTensors(): Promise<Map<string, RawTensor>> {
  const file = (await readdir(TINY)).find((name) => name.endsWith('.safetensors'))!;
  return readSafetensors(await readFile(join(TINY, file)), file);
}

async function withCodec<T>(model: string, use: (codec: Codec) => Promise<T>): Promise<T> {
  const codec = await openCodec({ model, backend: 'wasm' });
  try {
    return await use(codec);
  } finally {
    await codec.dispose();
  }
}

test('a model reads the files of an earlier decode id, and writes its own', async () => {
  const tiny = await openTiny();
  const picture = await photo(120, 90);
  const { bytes: old } = await tiny.encode(picture, { quality: 40 });
  const wanted = await tiny.decodeLatents(old);
  await withCodec(later, async (codec) => {
    const latents = await codec.decodeLatents(old);
    expect(latents.z.data).toEqual(wanted.z.data);
    expect(latents.y.data).toEqual(wanted.y.data);
    await codec.verify(old);
    expect(await codec.classify(old)).toMatchObject({ model: { name: 'later' } });

    // Its own path in the same codec, before and after the other one.
    const { bytes } = await codec.encode(picture, { quality: 40 });
    expect(readInfo(bytes).header.decodeId).toBe((await codec.openModel()).decodeId);
    expect(readInfo(bytes).header.decodeId).not.toBe(readInfo(old).header.decodeId);
    await codec.verify(bytes);
    await codec.verify(old);
    await expect(tiny.verify(bytes)).rejects.toMatchObject({ code: 'model-missing' });
  });
});

test('the inventory lists and checks earlier decode paths', async () => {
  const [model] = await listInstalledModels(later);
  const [tiny] = await listInstalledModels(TINY);
  expect(model!.earlierDecodeIds).toEqual([tiny!.decodeId]);
  expect(tiny!.earlierDecodeIds).toEqual([]);
  await checkInstalledModel(later);
});

test('an earlier decode path that is not the one stated is refused', async () => {
  const path = join(later, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.earlierDecodePaths[0].decodeId = 'e'.repeat(64);
  await writeFile(path, JSON.stringify(manifest));
  await expect(checkInstalledModel(later)).rejects.toMatchObject({
    code: 'model-damaged',
    message: expect.stringMatching(/decodeId of decode-\w{8}\. /),
  });
});

test('a model that lies about its profile neither encodes nor passes a check', async () => {
  const path = join(folder(), 'liar');
  await copyTiny(path, (manifest) => {
    manifest.profile = 'perceptual';
  });
  await withCodec(path, async (codec) => {
    await expect(codec.encode(await photo(40, 40))).rejects.toMatchObject({ code: 'model-missing' });
  });
  await expect(checkInstalledModel(path)).rejects.toMatchObject({ code: 'bad-manifest' });
});

test('a model whose render id is not that of its tensors reads files, but writes none', async () => {
  const path = join(folder(), 'liar');
  await copyTiny(path, (manifest) => {
    manifest.renderId = 'f'.repeat(64);
  });
  const { bytes } = await (await openTiny()).encode(await photo(40, 40));
  await withCodec(path, async (codec) => {
    await codec.verify(bytes);
    await expect(codec.encode(await photo(40, 40))).rejects.toMatchObject({ code: 'model-damaged' });
  });
  await rm(path, { recursive: true });
});

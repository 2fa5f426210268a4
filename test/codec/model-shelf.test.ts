import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openModelShelf } from '../../src/codec/model-shelf.js';
import { useOf } from '../../src/model/model-rules.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import type { ModelSource, Platform } from '../../src/platform/platform.js';
import { machine } from '../../src/profiles/machine.js';
import { TENSOR_USES, type TensorUse } from '../../src/tensor.js';
import { copyTiny, folderForTests, TINY } from '../model/tiny-copies.js';
import { writeSafetensors } from '../model/write-safetensors.js';

const folder = folderForTests();
const RELEASED = fileURLToPath(new URL('../../packages/model-r50', import.meta.url));

/** What is fetched of a model in a folder, taken for a remote one, until its latents can be decoded. */
async function fetched(path: string): Promise<string[]> {
  const asked: string[] = [];
  const remote = (source: ModelSource): ModelSource => ({
    ...source,
    isRemote: true,
    read: (file, stated) => {
      asked.push(file);
      return source.read(file, stated);
    },
  });
  const platform: Platform = {
    ...nodePlatform,
    listModels: async (from) => {
      const listing = await nodePlatform.listModels(from);
      return { ...listing, sources: listing.sources.map(remote) };
    },
  };
  const shelf = openModelShelf({ backend: 'auto', platform, model: path });
  const { latents } = await shelf.encodingModel('semantic');
  expect(latents).toBeDefined();
  await shelf.dispose();
  return asked.filter((file) => file.endsWith('.safetensors'));
}

/** Writes the tiny model in one file for each use, as models up to dicm-r50 1.4.0 were. */
async function writeByUse(to: string): Promise<void> {
  const file = (await readdir(TINY)).find((name) => name.endsWith('.safetensors'))!;
  const tensors = [...readSafetensors(await readFile(join(TINY, file)), file)];
  const written = TENSOR_USES.map((use: TensorUse) => {
    const chosen = tensors.filter(([name]) => useOf(machine, name.replace(/_scale$/, '')) === use);
    const entries = chosen.map(([name, { type, shape, bytes }]) => [
      name,
      { dtype: type, shape: [...shape], bytes },
    ]);
    return { use, bytes: writeSafetensors(Object.fromEntries(entries)) };
  });
  await copyTiny(to, (manifest) => {
    const weights = written.map(({ use, bytes }) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { use, file: `${use}.safetensors`, bytes: bytes.length, sha256 };
    });
    Object.assign(manifest, { weights });
  });
  await Promise.all(written.map(({ use, bytes }) => writeFile(join(to, `${use}.safetensors`), bytes)));
}

test('decoding latents takes the entropy path and the gains of a model that is downloaded', async () => {
  expect((await fetched(RELEASED)).sort()).toEqual(['0-gains.safetensors', '1-entropy.safetensors']);
});

test('of a model from before the gains had a file of their own it takes the synthesis too', async () => {
  const earlier = join(folder(), 'earlier');
  await writeByUse(earlier);
  expect(await fetched(earlier)).toEqual(['entropy.safetensors', 'synthesis.safetensors']);
});

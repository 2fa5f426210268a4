import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import type { Model } from '../../src/model/load-model.js';
import { requireHeads } from '../../src/model/require-heads.js';
import { loadFolder } from './load-folder.js';

let model: Model;
beforeAll(async () => {
  model = await loadFolder(fileURLToPath(new URL('../../fixtures/models/tiny', import.meta.url)));
});

const code = (code: string) => expect.objectContaining({ name: 'ModelError', code });

test('a model with heads', () => {
  const { categories, maskChannels } = requireHeads(model);
  expect([categories.length, maskChannels]).toEqual([20, 8]);
  expect(categories[1]).toEqual({ id: 2, name: 'category 2' });
});

test('a model without the field, or without the tensors', () => {
  const { detection, ...manifest } = model.manifest;
  expect(() => requireHeads({ ...model, manifest })).toThrow(code('no-heads'));
  const tensors = new Map([...model.tensors].filter(([name]) => !name.startsWith('heads.')));
  expect(() => requireHeads({ ...model, tensors })).toThrow(code('no-heads'));
});

test('heads that do not fit the manifest', () => {
  const detection = model.manifest.detection!;
  for (const wrong of [
    { ...detection, categories: detection.categories.slice(1) },
    { ...detection, maskChannels: 7 },
  ]) {
    const manifest = { ...model.manifest, detection: wrong };
    expect(() => requireHeads({ ...model, manifest })).toThrow(code('bad-tensor'));
  }
});

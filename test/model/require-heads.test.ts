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

test('a model that only classifies', () => {
  const { detection, ...manifest } = model.manifest;
  expect(() => requireHeads({ ...model, manifest })).toThrow(code('no-heads'));
});

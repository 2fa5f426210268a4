import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, type Model } from '../../src/model/load-model.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { StoredTensor } from '../../src/model/stored-tensor.js';
import { encoder, encoderInputs } from '../../src/networks/encoder.js';
import { features, latentInputs } from '../../src/networks/features.js';
import { taskNetwork } from '../../src/networks/task-network.js';
import type { Backend, CompiledNetwork, FeatureMap } from '../../src/nn/backend.js';
import { relativeError } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';

const fixtures = fileURLToPath(new URL('../../fixtures/models/', import.meta.url));
const vectors = readSafetensors(readFileSync(`${fixtures}tiny-vectors.safetensors`), 'tiny-vectors');

/** What PyTorch computed for the tiny model: [1, h, w, c], logits [1, classes]. */
function vector(name: string): FeatureMap {
  const tensor = new StoredTensor(vectors.get(name)!);
  const [height = 1, width = 1, channels = 1] =
    tensor.shape.length === 2 ? [1, ...tensor.shape] : tensor.shape.slice(1);
  return { data: tensor.data as Float32Array, height, width, channels };
}

function expectClose(actual: FeatureMap | undefined, name: string): void {
  const expected = vector(name);
  expect([actual!.height, actual!.width, actual!.channels]).toEqual([
    expected.height,
    expected.width,
    expected.channels,
  ]);
  expect(relativeError(actual!.data, expected.data)).toBeLessThan(1e-4);
}

describeBackends('the tiny model against PyTorch', (open) => {
  let backend: Backend;
  let model: Model;
  const networks: Record<string, CompiledNetwork> = {};

  beforeAll(async () => {
    model = await loadModel(`${fixtures}tiny`);
    backend = await open();
    networks.encoder = await backend.compile(encoder, model.tensors, encoderInputs);
    const classifier = taskNetwork('latents', { classes: true, boxes: false, masks: false });
    networks.classifier = await backend.compile(classifier, model.tensors, latentInputs(model.tensors));
    networks.features = await backend.compile(features, model.tensors, latentInputs(model.tensors));
  });
  afterAll(() => backend.dispose());

  describe.each(['a', 'b'])('case %s', (name) => {
    test('encoder', async () => {
      const [y, z] = await networks.encoder!.run([vector(`${name}.rgb`)]);
      expectClose(y, `${name}.y`);
      expectClose(z, `${name}.z`);
    });

    test('features', async () => {
      const [f3] = await networks.features!.run([vector(`${name}.y_hat`)]);
      expectClose(f3, `${name}.f3`);
    });

    test('classifier', async () => {
      const [logits] = await networks.classifier!.run([vector(`${name}.y_hat`)]);
      expectClose(logits, `${name}.logits`);
    });
  });

  test('takes the smallest tile and odd latent sizes', async () => {
    for (const [height, width] of [
      [16, 16],
      [16, 80],
      [112, 16],
    ] as const) {
      const rgb = { data: new Float32Array(height * width * 3).fill(0.5), height, width, channels: 3 };
      const [y, z] = await networks.encoder!.run([rgb]);
      expect([y!.height, y!.width]).toEqual([height / 16, width / 16]);
      expect([z!.height, z!.width]).toEqual([Math.ceil(height / 64), Math.ceil(width / 64)]);
      const [f3] = await networks.features!.run([y!]);
      expect([f3!.height, f3!.width]).toEqual([height / 4, width / 4]);
    }
  });
});

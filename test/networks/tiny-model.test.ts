import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../src/model/load-model.js';
import { machineEncoder } from '../../src/networks/machine/encoder.js';
import { machineSynthesis } from '../../src/networks/machine/synthesis.js';
import { type AnswerPart, levelMaps, taskNetwork } from '../../src/networks/task-network.js';
import type { Backend, CompiledNetwork, FeatureMap } from '../../src/nn/backend.js';
import { loadFolder } from '../model/load-folder.js';
import { relativeError } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';
import { tinyVector } from './tiny-vectors.js';

const fixtures = fileURLToPath(new URL('../../fixtures/models/', import.meta.url));
function expectClose(actual: FeatureMap | undefined, name: string): void {
  const expected = tinyVector(name);
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
  let encoder: CompiledNetwork<'rgb', 'y' | 'z'>;
  let synthesis: CompiledNetwork<'latent', 'f3'>;

  beforeAll(async () => {
    model = await loadFolder(`${fixtures}tiny`);
    backend = await open();
    encoder = await backend.compile(machineEncoder, model.tensors);
    synthesis = await backend.compile(machineSynthesis, model.tensors);
  });
  afterAll(() => backend.dispose());

  describe.each(['a', 'b'])('case %s', (name) => {
    test('encoder', async () => {
      const { y, z } = await encoder.run({ rgb: tinyVector(`${name}.rgb`) });
      expectClose(y, `${name}.y`);
      expectClose(z, `${name}.z`);
    });

    test('features', async () => {
      const { f3 } = await synthesis.run({ latent: tinyVector(`${name}.y_hat`) });
      expectClose(f3, `${name}.f3`);
    });

    test('classifier', async () => {
      const network = await backend.compile(taskNetwork('latents', ['logits']), model.tensors);
      const { logits } = await network.run({ latent: tinyVector(`${name}.y_hat`) });
      expectClose(logits, `${name}.logits`);
    });
  });

  describe.each(['a', 'b'])('heads of case %s', (name) => {
    const run = async (parts: AnswerPart[]) => {
      const network = await backend.compile(taskNetwork('latents', parts), model.tensors);
      const outputs = await network.run({ latent: tinyVector(`${name}.y_hat`) });
      return { logits: outputs.logits, mask: outputs.mask, levels: levelMaps(outputs) };
    };

    test('with everything', async () => {
      const { logits, levels, mask } = await run(['logits', 'boxes', 'masks']);
      expectClose(logits, `${name}.logits`);
      expect(levels.map(({ stride }) => stride)).toEqual([8, 16, 32]);
      for (const [i, { classes, distances, controller }] of levels.entries()) {
        expectClose(classes, `${name}.heads.level${i + 2}.classes`);
        expectClose(distances, `${name}.heads.level${i + 2}.distances`);
        expectClose(controller, `${name}.heads.level${i + 2}.controller`);
      }
      expectClose(mask, `${name}.heads.mask`);
    });

    test('with boxes only', async () => {
      const { logits, mask, levels } = await run(['boxes']);
      expect([logits, mask]).toEqual([undefined, undefined]);
      for (const [i, { classes, distances, controller }] of levels.entries()) {
        expectClose(classes, `${name}.heads.level${i + 2}.classes`);
        expectClose(distances, `${name}.heads.level${i + 2}.distances`);
        expect(controller).toBeUndefined();
      }
    });
  });

  test('heads on pixels, down to one position a level', async () => {
    const network = await backend.compile(taskNetwork('pixels', ['logits', 'masks']), model.tensors);
    const rgb = { data: new Float32Array(16 * 48 * 3).fill(0.5), height: 16, width: 48, channels: 3 };
    const outputs = await network.run({ rgb });
    const { logits, mask } = outputs;
    const levels = levelMaps(outputs);
    expect(logits!.channels).toBe(1000);
    const sizes = levels.map(({ classes: { height, width } }) => [height, width]);
    expect(sizes).toEqual([
      [2, 6],
      [1, 3],
      [1, 2],
    ]);
    expect([mask!.height, mask!.width, mask!.channels]).toEqual([4, 12, 8]);
  });

  test('takes the smallest tile and odd latent sizes', async () => {
    for (const [height, width] of [
      [16, 16],
      [16, 80],
      [112, 16],
    ] as const) {
      const rgb = { data: new Float32Array(height * width * 3).fill(0.5), height, width, channels: 3 };
      const { y, z } = await encoder.run({ rgb });
      expect([y.height, y.width]).toEqual([height / 16, width / 16]);
      expect([z.height, z.width]).toEqual([Math.ceil(height / 64), Math.ceil(width / 64)]);
      const { f3 } = await synthesis.run({ latent: y });
      expect([f3.height, f3.width]).toEqual([height / 4, width / 4]);
    }
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { listModels } from '../../src/model/find-model.js';
import { loadModel, type Model } from '../../src/model/load-model.js';
import { detectionHead } from '../../src/networks/heads/detector.js';
import { featurePyramid } from '../../src/networks/heads/feature-pyramid.js';
import { machineSynthesis, synthesis } from '../../src/networks/machine/synthesis.js';
import { classifier, tail } from '../../src/networks/resnet/backbone.js';
import type { Named, Network } from '../../src/nn/backend.js';
import type { Ops, Value } from '../../src/nn/ops.js';
import { ReverseOps } from '../../src/nn/reverse/reverse-ops.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { profileNamed } from '../../src/profiles/all-profiles.js';
import type { TensorMap } from '../../src/tensor.js';
import { imageOf, relativeError, type TensorSpec } from './op-vectors.js';
import { describeBackends } from './open-for-test.js';

/** What training/tools/make_gradient_vectors.py says of the released networks. */
const known: {
  model: string;
  latent: TensorSpec;
  seeds: Record<string, number>;
  norm: number;
  step: number;
  samples: number[];
} = JSON.parse(readFileSync(new URL('../../fixtures/ops/released-gradients.json', import.meta.url), 'utf8'));

/** Everything behind the latents: the tail's layers, logits, and the detector's maps on each level. */
function answers<V extends Value>(ops: Ops<V>, latent: V, tensors: TensorMap): Record<string, V> {
  const features = tail(ops, synthesis(ops, latent, tensors), tensors);
  const logits = classifier(ops, ops.globalAveragePool(features.c4), tensors);
  const pyramid = featurePyramid(ops, features, tensors);
  const outputs: Record<string, V> = {
    layer2: features.c2,
    layer3: features.c3,
    layer4: features.c4,
    logits,
  };
  for (const level of [2, 3, 4] as const) {
    const maps = detectionHead(ops, pyramid[`p${level}`], tensors, level, false);
    outputs[`level${level}.classes`] = maps.classes;
    outputs[`level${level}.distances`] = maps.distances;
  }
  return outputs;
}

const forward: Network = {
  inputs: machineSynthesis.inputs,
  build: (ops, { latent }, tensors) => answers(ops, latent!, tensors),
};

describeBackends('gradient of the released networks', (open) => {
  let model: Model;
  beforeAll(async () => {
    const folder = fileURLToPath(new URL('../../packages', import.meta.url));
    const found = (await listModels(nodePlatform, folder)).find(
      ({ manifest }) => manifest.name === known.model,
    );
    model = await loadModel(found!.source, nodePlatform.sha256, profileNamed);
  });

  test('is that of PyTorch, to 1e-4', async () => {
    const backend = await open();
    const latent = imageOf(known.latent);
    const said = await (await backend.compile(forward, model.tensors)).run({ latent });
    const names = Object.keys(known.seeds);
    // Gradients of the outputs come in as inputs; all outputs are images but the logits, which are tokens.
    const given = Object.fromEntries(
      names.map((name) => {
        const { height, width, channels, data } = said[name]!;
        const size = Math.hypot(...data);
        const image = imageOf({ shape: [height, width, channels], seed: known.seeds[name]!, step: 1 / 64 });
        return [name, { ...image, data: image.data.map((value) => value / size) }];
      }),
    );
    const backward: Network = {
      inputs: (tensors) => ({
        // Executors that try the smallest inputs first must be given some that fit together.
        latent: { ...machineSynthesis.inputs(tensors).latent, smallest: [latent.height, latent.width] },
        ...Object.fromEntries(
          Object.entries(given).map(([name, { channels, height, width }]) => {
            return [name, { channels, multiple: 1, smallest: [height, width] as const }];
          }),
        ),
      }),
      build: <V extends Value>(ops: Ops<V>, inputs: Named<V>, tensors: TensorMap): Record<string, V> => {
        const reverse = new ReverseOps(ops);
        const x = reverse.input(inputs.latent!);
        const outputs = answers(reverse, x, tensors);
        const pairs = names.map((name) => {
          const g = inputs[name]!;
          return [outputs[name]!, name === 'logits' ? ops.toTokens(g) : g] as const;
        });
        return { gradient: reverse.gradient(x, pairs) };
      },
    };
    const { gradient } = await (await backend.compile(backward, model.tensors)).run({ latent, ...given });
    await backend.dispose();
    const samples = gradient!.data.filter((_, i) => i % known.step === 0);
    expect(relativeError(samples, known.samples)).toBeLessThan(1e-4);
    expect(Math.abs(Math.hypot(...gradient!.data) / known.norm - 1)).toBeLessThan(1e-4);
  });
});

import { expect, test } from 'vitest';
import { useOf } from '../../src/model/model-rules.js';
import { machineEncoder } from '../../src/networks/machine/encoder.js';
import { gradientNetwork, targetNetwork } from '../../src/networks/machine/refinement.js';
import { headsNetwork, tailNetwork, taskNetwork } from '../../src/networks/task-network.js';
import type { Network } from '../../src/nn/backend.js';
import { buildGraph } from '../../src/nn/onnx/build-graph.js';
import { featureLayers } from '../../src/profiles/feature-layers.js';
import { machine } from '../../src/profiles/machine.js';
import { loadFolder } from '../model/load-folder.js';
import { TINY } from '../model/tiny-copies.js';

const { tensors } = await loadFolder(TINY);

const weights = { layers: { 2: 1, 3: 1, 4: 1 }, logits: 1, classes: 1, boxes: 1 };

const NETWORKS: Readonly<Record<string, Network>> = {
  encoder: machineEncoder,
  ...Object.fromEntries(Object.entries(featureLayers).map(([layer, { network }]) => [layer, network])),
  tail: tailNetwork,
  heads: headsNetwork,
  'classes of latents': taskNetwork('latents', ['logits']),
  'classes of pixels': taskNetwork('pixels', ['logits', 'embedding']),
  'objects of latents': taskNetwork('latents', ['boxes']),
  'objects of pixels': taskNetwork('pixels', ['masks']),
  'what a picture is refined towards': targetNetwork(true),
  'gradients without heads': gradientNetwork(false, weights),
  'gradients with heads': gradientNetwork(true, weights),
};

/** The tensors of a model that are there when those of some uses were loaded. */
function loaded(uses: readonly (string | undefined)[]) {
  return new Map([...tensors].filter(([name]) => uses.includes(useOf(machine, name))));
}

test.each(Object.keys(NETWORKS))('%s: what it reads is stated, no less and no more', (name) => {
  const network = NETWORKS[name]!;
  const reads = network.reads!;
  const whole = buildGraph(network, tensors).model;
  const isWhole = (uses: readonly string[]) =>
    Buffer.compare(whole, buildGraph(network, loaded(uses)).model) === 0;
  expect(isWhole(reads)).toBe(true);
  for (const use of reads) {
    const others = reads.filter((other) => other !== use);
    // A network without blocks is one too: a layer is as deep as there are tensors for.
    let found: boolean | undefined;
    try {
      found = isWhole(others);
    } catch (error) {
      expect(error).toMatchObject({ name: 'ModelError' });
    }
    expect(found, `without ${use}`).not.toBe(true);
  }
});

import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPicture } from '../../src/image/load-picture.js';
import { tilePixels } from '../../src/image/tile-pixels.js';
import { listModels } from '../../src/model/find-model.js';
import { loadModel, type Model } from '../../src/model/load-model.js';
import { analysis } from '../../src/networks/analysis.js';
import { encoder, encoderInputs } from '../../src/networks/encoder.js';
import { features, latentInputs } from '../../src/networks/features.js';
import { head } from '../../src/networks/head.js';
import { hyperAnalysis } from '../../src/networks/hyper-analysis.js';
import {
  combineRedundancy,
  decodeRedundancy,
  encodeRedundancy,
} from '../../src/networks/redundancy-elimination.js';
import { nameTaskMaps, taskInputs, taskNetwork } from '../../src/networks/task-network.js';
import type { Backend, FeatureMap, InputSpec, NetworkFunction } from '../../src/nn/backend.js';
import { openBackend } from '../../src/nn/open-backend.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { relativeError } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';

const released = await listModels(nodePlatform, fileURLToPath(new URL('../../models', import.meta.url)));

// The encoder in two parts. RE rounds in the middle, and a value that two executors compute on different sides of
// one half comes out as two different integers; parity can be asked for on both sides of that, not across it.
const untilRounding: NetworkFunction = (ops, [rgb], tensors) => {
  const f1 = head(ops, rgb!, tensors);
  return [f1, encodeRedundancy(ops, f1, tensors)];
};
const sinceRounding: NetworkFunction = (ops, [f1, rounded], tensors) => {
  const f2 = combineRedundancy(ops, f1!, decodeRedundancy(ops, rounded!, tensors), tensors);
  const y = analysis(ops, f2, tensors);
  return [y, hyperAnalysis(ops, y, tensors)];
};

async function picture(): Promise<FeatureMap> {
  const path = fileURLToPath(new URL('../../fixtures/images/chelsea.png', import.meta.url));
  const loaded = await loadPicture(path, { maxSide: 160 });
  return tilePixels(loaded, { x: 0, y: 0, width: loaded.width, height: loaded.height });
}

function rounded(map: FeatureMap): FeatureMap {
  // Ties do not occur: the values are those of a photograph.
  return { ...map, data: map.data.map(Math.round) };
}

test('the models folder can be listed', () => {
  expect(new Set(released.map(({ manifest }) => manifest.name)).size).toBe(released.length);
});

describe.each(released.map(({ source, manifest }) => [manifest.name, source] as const))(
  '%s',
  (_name, source) => {
    let model: Model;
    let rgb: FeatureMap;
    let reference: Awaited<ReturnType<typeof runAll>>;

    async function runAll(backend: Backend, latents?: { f1: FeatureMap; r: FeatureMap; y: FeatureMap }) {
      const { tensors } = model;
      const run = async (network: NetworkFunction, specs: readonly InputSpec[], ...inputs: FeatureMap[]) =>
        (await backend.compile(network, tensors, specs)).run(inputs) as Promise<FeatureMap[]>;
      const [f1, r] = (await run(untilRounding, encoderInputs, rgb)) as [FeatureMap, FeatureMap];
      const from = latents ?? { f1, r: rounded(r), y: f1 };
      const specs = [
        { name: 'f1', channels: f1.channels, multiple: 1, smallest: [4, 4] as const },
        { name: 'r', channels: r.channels, multiple: 1 },
      ];
      const [y, z] = (await run(sinceRounding, specs, from.f1, from.r)) as [FeatureMap, FeatureMap];
      const latent = latents?.y ?? rounded(y);
      const [f3] = (await run(features, latentInputs(tensors), latent)) as [FeatureMap];
      const detects = model.manifest.detection !== undefined;
      const selection = { classes: true, boxes: detects, masks: detects };
      const outputs = await run(taskNetwork('latents', selection), taskInputs('latents', tensors), latent);
      const { logits, levels = [], mask } = nameTaskMaps(selection, outputs);
      const heads = levels.flatMap(({ stride, classes, distances, controller }) => [
        [`classes at stride ${stride}`, classes],
        [`distances at stride ${stride}`, distances],
        [`controller at stride ${stride}`, controller!],
      ]);
      if (mask !== undefined) heads.push(['mask features', mask]);
      const [whole] = (await run(encoder, encoderInputs, rgb)) as [FeatureMap];
      const maps: Record<string, FeatureMap> = {
        f1,
        r,
        y,
        z,
        f3,
        logits: logits!,
        ...Object.fromEntries(heads),
      };
      return { maps, whole, latents: { f1, r: from.r, y: latent } };
    }

    beforeAll(async () => {
      model = await loadModel(source, nodePlatform.sha256, { checkIds: true });
      rgb = await picture();
      const backend = await openBackend('wasm');
      reference = await runAll(backend);
      await backend.dispose();
    });

    describeBackends('agrees with wasm', (open) => {
      test('to 1e-4 relative, everywhere', async () => {
        const backend = await open();
        const { maps, whole } = await runAll(backend, reference.latents);
        await backend.dispose();
        const errors = Object.entries(maps).map(([name, map]) => {
          return [name, relativeError(map.data, reference.maps[name]!.data)] as const;
        });
        for (const [name, error] of errors) expect(error, name).toBeLessThan(1e-4);
        // Across RE's rounding: the few latents near an integer that flipped reach the positions around them.
        const far = whole.data.filter((value, i) => Math.abs(value - reference.whole.data[i]!) > 0.02).length;
        expect(far / whole.data.length).toBeLessThan(0.02);
      });
    });
  },
);

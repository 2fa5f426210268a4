import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Profile } from '../../src/container/profiles.js';
import { tilePixels } from '../../src/image/tile-pixels.js';
import { listModels } from '../../src/model/find-model.js';
import { loadModel, type Model } from '../../src/model/load-model.js';
import { analysis, machineEncoder } from '../../src/networks/machine/encoder.js';
import { hyperAnalysis } from '../../src/networks/machine/hyper-analysis.js';
import {
  combineRedundancy,
  decodeRedundancy,
  encodeRedundancy,
} from '../../src/networks/machine/redundancy-elimination.js';
import { machineSynthesis } from '../../src/networks/machine/synthesis.js';
import { head } from '../../src/networks/resnet/backbone.js';
import { taskNetwork } from '../../src/networks/task-network.js';
import { viewAnalysis, viewHyperAnalysis, viewSynthesis } from '../../src/networks/view/transform.js';
import type { Backend, FeatureMap, Named, Network } from '../../src/nn/backend.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { profileNamed } from '../../src/profiles/all-profiles.js';
import { relativeError } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';

const released = await listModels(nodePlatform, fileURLToPath(new URL('../../packages', import.meta.url)));

// The encoder in two parts. RE rounds in the middle, and a value that two executors compute on different sides of
// one half comes out as two different integers; parity can be asked for on both sides of that, not across it.
const untilRounding: Network<'rgb', 'f1' | 'r'> = {
  inputs: machineEncoder.inputs,
  build: (ops, { rgb }, tensors) => {
    const f1 = head(ops, rgb, tensors);
    return { f1, r: encodeRedundancy(ops, f1, tensors) };
  },
};
const sinceRounding: Network<'f1' | 'r', 'y' | 'z'> = {
  inputs: (tensors) => ({
    f1: { channels: tensors.get('re.encoder.down1.weight')!.shape[1]!, multiple: 1, smallest: [4, 4] },
    r: { channels: tensors.get('re.decoder.up1.weight')!.shape[1]!, multiple: 1 },
  }),
  build: (ops, { f1, r }, tensors) => {
    const y = analysis(ops, combineRedundancy(ops, f1, decodeRedundancy(ops, r, tensors), tensors), tensors);
    return { y, z: hyperAnalysis(ops, y, tensors) };
  },
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

test('the released models can be listed', () => {
  expect(new Set(released.map(({ manifest }) => manifest.name)).size).toBe(released.length);
});

/** Name and source of the released models of a profile. */
const namesOf = (profile: Profile) =>
  released
    .filter(({ manifest }) => manifest.profile === profile)
    .map(({ source, manifest }) => [manifest.name, source] as const);

describe.each(namesOf('perceptual'))('%s', (_name, source) => {
  let model: Model;
  let rgb: FeatureMap;
  let reference: Named<FeatureMap>;

  /** Latents are given, since two executors may round one to two integers. */
  async function runAll(backend: Backend, latents?: FeatureMap): Promise<Named<FeatureMap>> {
    const { tensors } = model;
    const { y } = await (await backend.compile(viewAnalysis, tensors)).run({ rgb });
    const latent = latents ?? rounded(y);
    const { z } = await (await backend.compile(viewHyperAnalysis, tensors)).run({ y: latent });
    const rebuilt = await (await backend.compile(viewSynthesis, tensors)).run({ latent });
    return { y, z, latent, rgb: rebuilt.rgb };
  }

  beforeAll(async () => {
    model = await loadModel(source, nodePlatform.sha256, profileNamed);
    await model.checkRenderId();
    rgb = await picture();
    const backend = await openBackend('wasm');
    reference = await runAll(backend);
    await backend.dispose();
  });

  describeBackends('agrees with wasm', (open) => {
    test('to 1e-4 relative, everywhere', async () => {
      const backend = await open();
      const maps = await runAll(backend, reference.latent!);
      await backend.dispose();
      for (const [name, { data }] of Object.entries(maps)) {
        expect(relativeError(data, reference[name]!.data), name).toBeLessThan(1e-4);
      }
    });
  });
});

describe.each(namesOf('semantic'))('%s', (_name, source) => {
  let model: Model;
  let rgb: FeatureMap;
  let reference: Awaited<ReturnType<typeof runAll>>;

  async function runAll(backend: Backend, latents?: { f1: FeatureMap; r: FeatureMap; y: FeatureMap }) {
    const { tensors } = model;
    const run = async <I extends string, O extends string>(
      network: Network<I, O>,
      inputs: Named<FeatureMap, I>,
    ) => (await backend.compile(network, tensors)).run(inputs);
    const { f1, r } = await run(untilRounding, { rgb });
    const from = latents ?? { f1, r: rounded(r), y: f1 };
    const { y, z } = await run(sinceRounding, { f1: from.f1, r: from.r });
    const latent = latents?.y ?? rounded(y);
    const { f3 } = await run(machineSynthesis, { latent });
    const detects = model.manifest.detection !== undefined;
    const answers = await run(
      taskNetwork('latents', ['embedding', 'logits', ...(detects ? (['boxes', 'masks'] as const) : [])]),
      { latent },
    );
    const { y: whole } = await run(machineEncoder, { rgb });
    const maps: Record<string, FeatureMap> = { f1, r, y, z, f3, ...answers };
    return { maps, whole, latents: { f1, r: from.r, y: latent } };
  }

  beforeAll(async () => {
    model = await loadModel(source, nodePlatform.sha256, profileNamed);
    await model.checkRenderId();
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
});

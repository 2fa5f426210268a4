import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeDecodeId, computeRenderId } from '../../src/model/model-id.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { view } from '../../src/profiles/view.js';
import { copyTiny, TINY } from '../model/tiny-copies.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from '../model/write-safetensors.js';
import { tensorOf } from '../nn/op-vectors.js';

const EDGE = 16;
const CHANNELS = 32;
/** Pixels along a position of the finest features, and channels at strides 4 and 8. */
const PATCH = 4;
const FINE = 8;
const WIDE = 12;
/** Largest magnitude of the weights beside the transform, but those after which it is corrected. */
const STEP = 0.08;
/** What corrects the transform stays small beside it. */
const SMALL_STEP = 0.004;
/** Latents are this many times the coefficients, so that a step is a small one. */
const SCALE = 8;

/** One axis of the discrete cosine transform: orthonormal, [frequency][position]. */
function cosine(frequency: number, position: number): number {
  const norm = Math.sqrt((frequency === 0 ? 1 : 2) / EDGE);
  return norm * Math.cos((Math.PI * frequency * (position + 0.5)) / EDGE);
}

/** Coefficients of patches of 16 x 16 pixels: the lowest frequencies of each colour. */
function basis(): { colour: number; v: number; u: number }[] {
  const frequencies = Array.from({ length: 16 }, (_, i) => ({ v: Math.floor(i / 4), u: i % 4 }));
  frequencies.sort((a, b) => a.u + a.v - (b.u + b.v) || a.v - b.v);
  return frequencies.flatMap(({ u, v }) => [0, 1, 2].map((colour) => ({ colour, v, u }))).slice(0, CHANNELS);
}

/** Weights of the paths beside the transform: [out, in, k, k] and their magnitude. */
const CORRECTIONS: Readonly<Record<string, [shape: number[], step: number]>> = {
  'ga.in': [[FINE, 3, PATCH, PATCH], STEP],
  ...blockOf('ga.block1', FINE),
  'ga.down1': [[WIDE, FINE, 2, 2], STEP],
  ...blockOf('ga.block2', WIDE),
  ...blockOf('ga.block3', WIDE),
  'ga.down2': [[CHANNELS, WIDE, 2, 2], SCALE * SMALL_STEP],
  'gs.in': [[4 * WIDE, CHANNELS, 1, 1], STEP / SCALE],
  ...blockOf('gs.block1', WIDE),
  ...blockOf('gs.block2', WIDE),
  'gs.up': [[4 * FINE, WIDE, 1, 1], STEP],
  'gs.skip': [[FINE, 3 * PATCH ** 2, 3, 3], STEP],
  ...blockOf('gs.block3', FINE),
  ...blockOf('gs.block4', FINE),
  'gs.out': [[3 * PATCH ** 2, FINE, 3, 3], SMALL_STEP],
};

function blockOf(name: string, channels: number): Record<string, [shape: number[], step: number]> {
  const shape = [channels, channels, 3, 3];
  return { [`${name}.conv1`]: [shape, STEP], [`${name}.conv2`]: [shape, STEP] };
}

/**
 * Writes a small model of the view profile: a cosine transform of patches with small corrections, which are random, and the
 * tiny model's hyperprior for its coefficients. Biases are zero, so that latents of zero are grey.
 */
export async function writeTinyView(folder: string): Promise<string> {
  const file = (await readdir(TINY)).find((name) => name.endsWith('.safetensors'))!;
  const tensors: Record<string, WrittenTensor> = {};
  for (const [name, { type, shape, bytes }] of readSafetensors(await readFile(join(TINY, file)), file)) {
    if (/^(hs|entropy|gain|ha)\./.test(name)) tensors[name] = { dtype: type, shape: [...shape], bytes };
  }
  const [analysis, synthesis] = [
    new Float32Array(CHANNELS * 3 * EDGE ** 2),
    new Float32Array(3 * EDGE ** 2 * CHANNELS),
  ];
  for (const [channel, { colour, v, u }] of basis().entries()) {
    for (let y = 0; y < EDGE; y++) {
      for (let x = 0; x < EDGE; x++) {
        const value = cosine(v, y) * cosine(u, x);
        analysis[((channel * 3 + colour) * EDGE + y) * EDGE + x] = SCALE * value;
        synthesis[rowOf(y, x, colour) * CHANNELS + channel] = value / SCALE;
      }
    }
  }
  const tensor = (shape: number[], values: Float32Array) => ({ dtype: 'F32', shape, bytes: bytesOf(values) });
  tensors['ga.linear.weight'] = tensor([CHANNELS, 3, EDGE, EDGE], analysis);
  tensors['gs.linear.weight'] = tensor([3 * EDGE ** 2, CHANNELS, 1, 1], synthesis);
  for (const [index, [name, [shape, step]]] of Object.entries(CORRECTIONS).entries()) {
    const weight = tensorOf({ shape, seed: index + 1, step: step / 64 }).data as Float32Array;
    tensors[`${name}.weight`] = tensor(shape, weight);
    tensors[`${name}.bias`] = tensor([shape[0]!], new Float32Array(shape[0]!));
  }
  const weights = writeSafetensors(tensors);
  const raw = readSafetensors(weights, 'view');
  const ids = {
    decodeId: await computeDecodeId(raw, view, nodePlatform.sha256),
    renderId: await computeRenderId(raw, view, nodePlatform.sha256),
  };
  await copyTiny(folder, (manifest) => {
    const { classes: _, ...architecture } = manifest.architecture as Record<string, unknown>;
    delete manifest.classes;
    delete manifest.detection;
    const sha256 = createHash('sha256').update(weights).digest('hex');
    Object.assign(manifest, ids, {
      ...{ name: 'tiny-view', profile: 'perceptual', architecture },
      weights: [{ file: 'view.safetensors', bytes: weights.length, sha256 }],
    });
  });
  await writeFile(join(folder, 'view.safetensors'), weights);
  return folder;
}

/** Where the synthesis gives a sample of a patch: 4 x 4 positions of 4 x 4 pixels, each in raster order. */
function rowOf(y: number, x: number, colour: number): number {
  const position = Math.floor(y / PATCH) * (EDGE / PATCH) + Math.floor(x / PATCH);
  return (position * PATCH ** 2 + (y % PATCH) * PATCH + (x % PATCH)) * 3 + colour;
}

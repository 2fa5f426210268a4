import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeDecodeId, computeRenderId } from '../../src/model/model-id.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { view } from '../../src/profiles/view.js';
import { copyTiny, TINY } from '../model/tiny-copies.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from '../model/write-safetensors.js';

const EDGE = 16;
const CHANNELS = 32;
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

/**
 * Writes a small model of the view profile: a cosine transform of patches, and the tiny model's hyperprior for its
 * coefficients.
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
        synthesis[((y * EDGE + x) * 3 + colour) * CHANNELS + channel] = value / SCALE;
      }
    }
  }
  const tensor = (shape: number[], values: Float32Array) => ({ dtype: 'F32', shape, bytes: bytesOf(values) });
  tensors['ga.linear.weight'] = tensor([CHANNELS, 3, EDGE, EDGE], analysis);
  tensors['gs.linear.weight'] = tensor([3 * EDGE ** 2, CHANNELS, 1, 1], synthesis);
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

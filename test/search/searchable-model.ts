import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyTiny } from '../model/tiny-copies.js';
import { bytesOf, writeSafetensors } from '../model/write-safetensors.js';
import { seeded } from './made-index.js';

/** Components of the vectors. */
const DIMENSIONS = 16;

/**
 * Makes a copy of the tiny model that has a projection, in a folder of its own.
 *
 * @param seed - Decides about the projection.
 */
export async function searchableModel(folder: string, seed = 1): Promise<string> {
  await copyTiny(folder);
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const channels = channelsOf(folder, manifest.weights);
  const random = seeded(seed);
  const components = Float32Array.from({ length: DIMENSIONS * channels }, () => random() - 0.5);
  const bytes = writeSafetensors({
    'search.mean': { dtype: 'F32', shape: [channels], bytes: bytesOf(new Float32Array(channels)) },
    'search.components': { dtype: 'F32', shape: [DIMENSIONS, channels], bytes: bytesOf(components) },
  });
  const file = '6-search.safetensors';
  writeFileSync(join(folder, file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const search = { file, bytes: bytes.length, sha256, dimensions: DIMENSIONS };
  writeFileSync(path, JSON.stringify({ ...manifest, search }));
  return folder;
}

/** Channels of layer 4: what the classifier reads. */
function channelsOf(folder: string, weights: readonly { file: string }[]): number {
  for (const { file } of weights) {
    const data = readFileSync(join(folder, file));
    const header = JSON.parse(data.toString('utf8', 8, 8 + Number(data.readBigUInt64LE(0))));
    if ('tail.fc.weight' in header) return header['tail.fc.weight'].shape[1];
  }
  throw new Error(`${folder} has no classifier`);
}

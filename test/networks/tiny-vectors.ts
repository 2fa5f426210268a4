import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type RawTensor, readSafetensors } from '../../src/model/safetensors.js';
import { StoredTensor } from '../../src/model/stored-tensor.js';
import type { FeatureMap } from '../../src/nn/backend.js';

const path = fileURLToPath(new URL('../../fixtures/models/tiny-vectors.safetensors', import.meta.url));
let vectors: Map<string, RawTensor> | undefined;

/** A stored tensor of what PyTorch computed for the tiny model. */
export function tinyTensor(name: string): RawTensor {
  vectors ??= readSafetensors(signedBytes(readFileSync(path)), path);
  const tensor = vectors.get(name);
  if (tensor === undefined) throw new Error(`no vector ${name}`);
  return tensor;
}

/** Numbers that PyTorch computed, as a map: [1, h, w, c], logits [1, classes], lists [n] or [n, c]. */
export function tinyVector(name: string): FeatureMap {
  const { data, shape } = new StoredTensor(tinyTensor(name));
  const [height = 1, width = 1, channels = 1] = shape.length <= 2 ? [1, ...shape] : shape.slice(1);
  return { data: data as Float32Array, height, width, channels };
}

/** Masks are stored as U8, which no model has and its reader refuses; zeros and ones are the same as I8. */
function signedBytes(file: Buffer): Buffer {
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = file.toString('latin1', 8, end).replaceAll('"U8"', '"I8"');
  return Buffer.concat([file.subarray(0, 8), Buffer.from(header, 'latin1'), file.subarray(end)]);
}

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ModelError } from '../errors.js';
import type { TensorMap } from '../tensor.js';
import { type ClassName, parseClassNames } from './class-names.js';
import { DECODE_ID_DIGITS, type ModelManifest, RENDER_ID_DIGITS } from './manifest.js';
import { computeModelIds } from './model-id.js';
import { readManifest, readModelFile } from './read-manifest.js';
import { type RawTensor, readSafetensors } from './safetensors.js';
import { StoredTensor } from './stored-tensor.js';

/** A model in memory. */
export interface Model {
  readonly folder: string;
  readonly manifest: ModelManifest;
  /** As .dicm files name it: the first 8 hexadecimal digits. */
  readonly decodeId: string;
  /** As .dicm files name it: the first 4 hexadecimal digits. */
  readonly renderId: string;
  /** Tensors by name, widened to 32 bits when their values are read. */
  readonly tensors: TensorMap;
  /** Class names in the order of the classifier's outputs. */
  readonly classes: readonly ClassName[];
}

/** How a model is loaded. */
export interface LoadModelOptions {
  /** Also recompute both ids from the tensors and compare them with the manifest; for `dicm doctor`. */
  checkIds?: boolean;
}

/**
 * Loads a model folder: manifest, class names, and all weights, whose sizes and SHA-256 are compared with the
 * manifest.
 *
 * @throws ModelError `model-missing`, `bad-manifest`, `bad-classes`, `bad-weights`, `model-damaged`
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<Model> {
  const manifest = await readManifest(folder);
  const classesPath = join(folder, manifest.classes);
  const [classesText, ...shards] = await Promise.all([
    readModelFile(classesPath),
    ...manifest.weights.map(({ file }) => readModelFile(join(folder, file))),
  ]);
  const raw = new Map<string, RawTensor>();
  for (const [i, bytes] of shards.entries()) {
    const shard = manifest.weights[i]!;
    const path = join(folder, shard.file);
    if (bytes.length !== shard.bytes) {
      throw new ModelError('model-damaged', `${path} has ${bytes.length} bytes, not ${shard.bytes}`);
    }
    if (createHash('sha256').update(bytes).digest('hex') !== shard.sha256) {
      throw new ModelError('model-damaged', `${path} does not have the SHA-256 its manifest states`);
    }
    for (const [name, tensor] of readSafetensors(bytes, path)) {
      if (raw.has(name)) throw new ModelError('bad-weights', `${path}: ${name} is in two files`);
      raw.set(name, tensor);
    }
  }
  if (options.checkIds === true) checkIds(folder, manifest, raw);
  return {
    folder,
    manifest,
    decodeId: manifest.decodeId.slice(0, DECODE_ID_DIGITS),
    renderId: manifest.renderId.slice(0, RENDER_ID_DIGITS),
    tensors: storedTensors(raw, folder),
    classes: parseClassNames(classesText.toString('utf8'), manifest.architecture.classes, classesPath),
  };
}

function checkIds(folder: string, manifest: ModelManifest, raw: ReadonlyMap<string, RawTensor>): void {
  const computed = computeModelIds(raw);
  for (const id of ['decodeId', 'renderId'] as const) {
    if (computed[id] !== manifest[id]) {
      throw new ModelError(
        'model-damaged',
        `${folder}: the tensors have ${id} ${computed[id]}, the manifest states ${manifest[id]}`,
      );
    }
  }
}

/** Joins 8-bit tensors with their scales; a scale is no tensor of its own. */
function storedTensors(raw: ReadonlyMap<string, RawTensor>, folder: string): TensorMap {
  const tensors = new Map<string, StoredTensor>();
  const scales = new Set<string>();
  for (const [name, tensor] of raw) {
    if (tensor.type !== 'I8') continue;
    const scale = raw.get(`${name}_scale`);
    if (scale?.type !== 'F32' || scale.shape.length !== 1 || scale.shape[0] !== tensor.shape[0]) {
      throw new ModelError('bad-weights', `${folder}: ${name} has no scale per output channel`);
    }
    scales.add(`${name}_scale`);
    tensors.set(name, new StoredTensor(tensor, scale));
  }
  for (const [name, tensor] of raw) {
    if (tensor.type !== 'I8' && !scales.has(name)) tensors.set(name, new StoredTensor(tensor));
  }
  return tensors;
}

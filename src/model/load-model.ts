import { ModelError } from '../errors.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import type { TensorMap } from '../tensor.js';
import { type ClassName, parseClassNames } from './class-names.js';
import { DECODE_ID_DIGITS, type ModelManifest, RENDER_ID_DIGITS, readManifest } from './manifest.js';
import { computeModelIds } from './model-id.js';
import { type RawTensor, readSafetensors } from './safetensors.js';
import { StoredTensor } from './stored-tensor.js';

/** A model in memory. */
export interface Model {
  /** Where it was read from: its folder, or an address. */
  readonly where: string;
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
 * Loads a model: manifest, class names, and all weights, whose sizes and SHA-256 are compared with the manifest.
 *
 * @param sha256 - the platform's
 * @throws ModelError `model-missing`, `bad-manifest`, `bad-classes`, `bad-weights`, `model-damaged`
 */
export async function loadModel(
  source: ModelSource,
  sha256: Platform['sha256'],
  options: LoadModelOptions = {},
): Promise<Model> {
  const manifest = await readManifest(source);
  const { where } = source;
  const [classes, ...shards] = await Promise.all([
    source.read(manifest.classes),
    ...manifest.weights.map(({ file }) => source.read(file)),
  ]);
  const raw = new Map<string, RawTensor>();
  for (const [i, bytes] of shards.entries()) {
    const shard = manifest.weights[i]!;
    const place = `${where}/${shard.file}`;
    if (bytes.length !== shard.bytes) {
      throw new ModelError('model-damaged', `${place} has ${bytes.length} bytes, not ${shard.bytes}`);
    }
    if ((await sha256([bytes])) !== shard.sha256) {
      throw new ModelError('model-damaged', `${place} does not have the SHA-256 its manifest states`);
    }
    for (const [name, tensor] of readSafetensors(bytes, place)) {
      if (raw.has(name)) throw new ModelError('bad-weights', `${place}: ${name} is in two files`);
      raw.set(name, tensor);
    }
  }
  if (options.checkIds === true) await checkIds(where, manifest, raw, sha256);
  return {
    where,
    manifest,
    decodeId: manifest.decodeId.slice(0, DECODE_ID_DIGITS),
    renderId: manifest.renderId.slice(0, RENDER_ID_DIGITS),
    tensors: storedTensors(raw, where),
    classes: parseClassNames(
      new TextDecoder().decode(classes),
      manifest.architecture.classes,
      `${where}/${manifest.classes}`,
    ),
  };
}

async function checkIds(
  where: string,
  manifest: ModelManifest,
  raw: ReadonlyMap<string, RawTensor>,
  sha256: Platform['sha256'],
): Promise<void> {
  const computed = await computeModelIds(raw, sha256);
  for (const id of ['decodeId', 'renderId'] as const) {
    if (computed[id] !== manifest[id]) {
      throw new ModelError(
        'model-damaged',
        `${where}: the tensors have ${id} ${computed[id]}, the manifest states ${manifest[id]}`,
      );
    }
  }
}

/** Joins 8-bit tensors with their scales; a scale is no tensor of its own. */
function storedTensors(raw: ReadonlyMap<string, RawTensor>, where: string): TensorMap {
  const tensors = new Map<string, StoredTensor>();
  const scales = new Set<string>();
  for (const [name, tensor] of raw) {
    if (tensor.type !== 'I8') continue;
    const scale = raw.get(`${name}_scale`);
    if (scale?.type !== 'F32' || scale.shape.length !== 1 || scale.shape[0] !== tensor.shape[0]) {
      throw new ModelError('bad-weights', `${where}: ${name} has no scale per output channel`);
    }
    scales.add(`${name}_scale`);
    tensors.set(name, new StoredTensor(tensor, scale));
  }
  for (const [name, tensor] of raw) {
    if (tensor.type !== 'I8' && !scales.has(name)) tensors.set(name, new StoredTensor(tensor));
  }
  return tensors;
}

import { ModelError } from '../errors.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import type { TensorMap } from '../tensor.js';
import { type ClassName, parseClassNames } from './class-names.js';
import {
  MANIFEST_FILE,
  type ModelManifest,
  readManifest,
  shortDecodeId,
  shortRenderId,
  type TensorUse,
  type WeightsFile,
} from './manifest.js';
import { computeDecodeId, computeRenderId } from './model-id.js';
import { checkManifest, type ModelRules, useOf } from './model-rules.js';
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
  /** Class names in the order of the classifier's outputs; empty in models without one. */
  readonly classes: readonly ClassName[];
  /**
   * Recomputes the render id, once. It covers most of a model, so it is compared only where it is written into files or
   * asked about; the decode ids were compared when the model was loaded.
   *
   * @throws ModelError `model-damaged`
   */
  checkRenderId(): Promise<void>;
}

/**
 * Loads a model: manifest, class names, and all weights, whose sizes, SHA-256 and decode ids are compared with the
 * manifest, and what it says about the networks with the tensors.
 *
 * @param sha256 - the platform's
 * @param rulesOf - rules for models of a profile
 * @throws ModelError `model-missing`, `bad-manifest`, `bad-classes`, `bad-weights`, `model-damaged`
 */
export async function loadModel(
  source: ModelSource,
  sha256: Platform['sha256'],
  rulesOf: (profile: ModelManifest['profile']) => ModelRules,
): Promise<Model> {
  const manifest = await readManifest(source);
  const rules = rulesOf(manifest.profile);
  const { where } = source;
  const [classes, ...files] = await Promise.all([
    readClasses(source, manifest),
    ...manifest.weights.map((weights) => readWeights(source, weights, sha256)),
  ]);
  const raw = new Map<string, RawTensor>();
  for (const [index, file] of files.entries()) {
    const weights = manifest.weights[index]!;
    for (const [name, tensor] of file) {
      if (raw.has(name)) throw new ModelError('bad-weights', `${where}: ${name} is in two files`);
      checkUse(weights, useOf(rules, withoutPrefix(manifest, name)), name, `${where}/${MANIFEST_FILE}`);
      raw.set(name, tensor);
    }
  }
  checkManifest(manifest, raw, rules, `${where}/${MANIFEST_FILE}`);
  for (const { decodeId, prefix } of [{ ...manifest, prefix: '' }, ...(manifest.earlierDecodePaths ?? [])]) {
    checkId(
      where,
      `decodeId${prefix && ` of ${prefix}`}`,
      await computeDecodeId(raw, rules, sha256, prefix),
      decodeId,
    );
  }
  let renderIdChecked: Promise<void> | undefined;
  return {
    where,
    manifest,
    decodeId: shortDecodeId(manifest.decodeId),
    renderId: shortRenderId(manifest.renderId),
    tensors: storedTensors(raw, where),
    classes,
    checkRenderId: () => {
      renderIdChecked ??= computeRenderId(raw, rules, sha256).then((found) =>
        checkId(where, 'renderId', found, manifest.renderId),
      );
      return renderIdChecked;
    },
  };
}

/** A file whose use is stated holds nothing else: who reads it for that use would miss what lies elsewhere. */
function checkUse(
  { file, use }: WeightsFile,
  found: TensorUse | undefined,
  name: string,
  where: string,
): void {
  if (use === undefined || found === undefined || found === use) return;
  throw new ModelError(
    'bad-manifest',
    `${where}: ${file} is stated to be for ${use}, but ${name} is for ${found}`,
  );
}

/** The name of a tensor of an earlier decode path is that of the model's own behind a prefix. */
function withoutPrefix({ earlierDecodePaths = [] }: ModelManifest, name: string): string {
  const path = earlierDecodePaths.find(({ prefix }) => name.startsWith(prefix));
  return path === undefined ? name : name.slice(path.prefix.length);
}

async function readClasses(
  source: ModelSource,
  { classes, architecture }: ModelManifest,
): Promise<ClassName[]> {
  if (classes === undefined) return [];
  const text = new TextDecoder().decode(await source.read(classes));
  return parseClassNames(text, architecture.classes ?? 0, `${source.where}/${classes}`);
}

async function readWeights(
  source: ModelSource,
  { file, bytes: sizeBytes, sha256: digest }: WeightsFile,
  sha256: Platform['sha256'],
): Promise<ReadonlyMap<string, RawTensor>> {
  const place = `${source.where}/${file}`;
  const bytes = await source.read(file);
  if (bytes.length !== sizeBytes) {
    throw new ModelError('model-damaged', `${place} has ${bytes.length} bytes, not ${sizeBytes}`);
  }
  if ((await sha256([bytes])) !== digest) {
    throw new ModelError('model-damaged', `${place} does not have the SHA-256 its manifest states`);
  }
  return readSafetensors(bytes, place);
}

function checkId(where: string, what: string, found: string, stated: string): void {
  if (found === stated) return;
  throw new ModelError(
    'model-damaged',
    `${where}: the tensors have ${what} ${found}, the manifest states ${stated}`,
  );
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

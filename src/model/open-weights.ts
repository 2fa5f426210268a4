import { ModelError } from '../errors.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import { TENSOR_USES, type TensorMap, type TensorUse } from '../tensor.js';
import { type EarlierDecodePath, MANIFEST_FILE, type ModelManifest, type WeightsFile } from './manifest.js';
import { checkManifest, type ModelRules, useOf } from './model-rules.js';
import { type RawTensor, readSafetensors } from './safetensors.js';
import { StoredTensor } from './stored-tensor.js';

/** The weights files of a model, each read once, with the first that needs it. */
export interface OpenWeights {
  /** Tensors of the files that were read, as they are stored. */
  readonly raw: ReadonlyMap<string, RawTensor>;
  /** The same, widened to 32 bits when their values are read. */
  readonly tensors: TensorMap;
  /**
   * Reads the files of these uses, and those that state none; of earlier decode paths only those asked for, where a path
   * has a file of its own.
   *
   * @returns {@link tensors}
   * @throws ModelError `model-missing`, `model-damaged`, `bad-weights`, `bad-manifest`
   */
  load(uses: readonly TensorUse[], paths: readonly EarlierDecodePath[]): Promise<TensorMap>;
}

/**
 * Opens the weights of a model; nothing is read yet. Sizes and SHA-256 of what is read are compared with the manifest, and
 * what it says about the networks with the tensors.
 */
export function openWeights(
  source: ModelSource,
  manifest: ModelManifest,
  sha256: Platform['sha256'],
  rules: ModelRules,
): OpenWeights {
  const place = `${source.where}/${MANIFEST_FILE}`;
  const raw = new Map<string, RawTensor>();
  const tensors = new Map<string, StoredTensor>();
  const loading = new Map<string, Promise<void>>();
  const uses = new Set<TensorUse>();
  const files = filesOf(manifest);
  const paths = new Set(manifest.earlierDecodePaths?.filter(({ file }) => file === undefined));
  const filesOfPaths = new Set(manifest.earlierDecodePaths?.map(({ file }) => file));

  const loadFiles = async (wanted: readonly WeightsFile[]) => {
    const files = await Promise.all(wanted.map((weights) => readWeights(source, weights, sha256)));
    const found = new Map<string, RawTensor>();
    for (const [index, file] of files.entries()) {
      const weights = wanted[index]!;
      for (const [name, tensor] of file) {
        if (raw.has(name) || found.has(name)) {
          throw new ModelError('bad-weights', `${source.where}: ${name} is in two files`);
        }
        checkUse(weights, useOf(rules, withoutPrefix(manifest, name)), name, place);
        found.set(name, tensor);
      }
    }
    const stored = storedTensors(found, source.where);
    for (const [name, tensor] of found) raw.set(name, tensor);
    for (const [name, tensor] of stored) tensors.set(name, tensor);
  };
  const loadOnce = (part: string, wanted: readonly WeightsFile[]) => {
    let ready = loading.get(part);
    if (ready === undefined) {
      ready = loadFiles(wanted);
      loading.set(part, ready);
      // A download that broke off is begun again by whoever asks next.
      ready.catch(() => loading.delete(part));
    }
    return ready;
  };
  const loadUse = (use: TensorUse | undefined) =>
    loadOnce(
      `use ${use}`,
      files.filter((weights) => weights.use === use && !filesOfPaths.has(weights.file)),
    );
  const loadPath = ({ file }: EarlierDecodePath) =>
    loadOnce(
      `file ${file}`,
      files.filter((weights) => weights.file === file),
    );
  const load: OpenWeights['load'] = async (wantedUses, wantedPaths) => {
    await Promise.all([...[undefined, ...wantedUses].map(loadUse), ...wantedPaths.map(loadPath)]);
    for (const use of wantedUses) uses.add(use);
    for (const path of wantedPaths) paths.add(path);
    checkManifest(manifest, raw, rules, { uses, paths }, place);
    return tensors;
  };
  return { raw, tensors, load };
}

/** All weights files; readers from before there were projection and ranges look at the manifest's list only. */
function filesOf({ weights, search, ranges }: ModelManifest): readonly WeightsFile[] {
  return [
    ...weights,
    ...(search === undefined ? [] : [{ ...search, use: 'search' } as const]),
    ...(ranges === undefined ? [] : [{ ...ranges, use: 'ranges' } as const]),
  ];
}

/** What is read of a model as it is opened: all of it, unless that were a download; then what proves its decode id. */
export function loadFirst(
  weights: OpenWeights,
  { isRemote }: ModelSource,
  manifest: ModelManifest,
): Promise<TensorMap> {
  return isRemote
    ? weights.load(['entropy'], [])
    : weights.load(TENSOR_USES, manifest.earlierDecodePaths ?? []);
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

async function readWeights(
  source: ModelSource,
  weights: WeightsFile,
  sha256: Platform['sha256'],
): Promise<ReadonlyMap<string, RawTensor>> {
  const place = `${source.where}/${weights.file}`;
  const bytes = await source.read(weights.file, weights);
  try {
    await checkBytes(bytes, weights, place, sha256);
  } catch (damage) {
    if (source.readAnew === undefined) throw damage;
    // The copy that was kept may be what is damaged.
    const fresh = await source.readAnew(weights.file, weights);
    await checkBytes(fresh, weights, place, sha256);
    return readSafetensors(fresh, place);
  }
  return readSafetensors(bytes, place);
}

/** @throws ModelError `model-damaged` */
async function checkBytes(
  bytes: Uint8Array,
  stated: WeightsFile,
  place: string,
  sha256: Platform['sha256'],
): Promise<void> {
  if (bytes.length !== stated.bytes) {
    throw new ModelError('model-damaged', `${place} has ${bytes.length} bytes, not ${stated.bytes}`);
  }
  if ((await sha256([bytes])) !== stated.sha256) {
    throw new ModelError('model-damaged', `${place} does not have the SHA-256 its manifest states`);
  }
}

/** Joins 8-bit tensors with their scales; a scale is no tensor of its own. */
function storedTensors(
  raw: ReadonlyMap<string, RawTensor>,
  where: string,
): ReadonlyMap<string, StoredTensor> {
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

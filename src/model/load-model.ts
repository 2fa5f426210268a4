import { ModelError } from '../errors.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import type { TensorMap, TensorUse } from '../tensor.js';
import { type ClassName, parseClassNames } from './class-names.js';
import {
  type EarlierDecodePath,
  type ModelManifest,
  readManifest,
  shortDecodeId,
  shortRenderId,
} from './manifest.js';
import { computeDecodeId, computeRenderId } from './model-id.js';
import type { ModelRules } from './model-rules.js';
import { loadFirst, openWeights } from './open-weights.js';

/** A model in memory. */
export interface Model {
  /** Where it was read from: its folder, or an address. */
  readonly where: string;
  readonly manifest: ModelManifest;
  /** As .dicm files name it: the first 8 hexadecimal digits. */
  readonly decodeId: string;
  /** As .dicm files name it: the first 4 hexadecimal digits. */
  readonly renderId: string;
  /** Tensors by name, widened to 32 bits when their values are read: all, or of a remote model those loaded so far. */
  readonly tensors: TensorMap;
  /**
   * The tensors of these uses, and others: loads what is not there yet.
   *
   * @param prefix - of the earlier decode path that is needed too
   * @throws ModelError as {@link loadModel}
   */
  tensorsFor(uses: readonly TensorUse[], prefix?: string): Promise<TensorMap>;
  /** Class names in the order of the classifier's outputs; empty in models without one. */
  readonly classes: readonly ClassName[];
  /**
   * Recomputes the render id, once. It covers most of a model, so it is compared only where it is written into files or
   * asked about; the decode ids were compared when the model was loaded. Of a remote model the manifest is believed: an
   * encoder would otherwise download what only decoders need.
   *
   * @throws ModelError `model-damaged`
   */
  checkRenderId(): Promise<void>;
}

/**
 * Loads a model: manifest, class names, and all weights, or of a remote model those that its decode id covers. Sizes,
 * SHA-256 and decode ids are compared with the manifest, and what it says about the networks with the tensors.
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
  const weights = openWeights(source, manifest, sha256, rules);
  const { raw, tensors } = weights;
  const checked = new Set<string>();
  const checkDecodeId = async ({ prefix, decodeId }: Pick<EarlierDecodePath, 'prefix' | 'decodeId'>) => {
    if (checked.has(prefix)) return;
    const found = await computeDecodeId(raw, rules, sha256, prefix);
    checkId(where, `decodeId${prefix && ` of ${prefix}`}`, found, decodeId);
    checked.add(prefix);
  };
  const earlier = manifest.earlierDecodePaths ?? [];
  const [classes] = await Promise.all([readClasses(source, manifest), loadFirst(weights, source, manifest)]);
  await checkDecodeId({ ...manifest, prefix: '' });
  for (const path of earlier) {
    if (!source.isRemote || path.file === undefined) await checkDecodeId(path);
  }
  let renderIdChecked: Promise<void> | undefined;
  return {
    where,
    manifest,
    decodeId: shortDecodeId(manifest.decodeId),
    renderId: shortRenderId(manifest.renderId),
    tensors,
    tensorsFor: async (uses, prefix) => {
      const paths = earlier.filter((path) => path.prefix === prefix);
      await weights.load(uses, paths);
      for (const path of paths) await checkDecodeId(path);
      return tensors;
    },
    classes,
    checkRenderId: () => {
      if (source.isRemote) return Promise.resolve();
      renderIdChecked ??= computeRenderId(raw, rules, sha256).then((found) =>
        checkId(where, 'renderId', found, manifest.renderId),
      );
      return renderIdChecked;
    },
  };
}

async function readClasses(
  source: ModelSource,
  { classes, architecture }: ModelManifest,
): Promise<ClassName[]> {
  if (classes === undefined) return [];
  const text = new TextDecoder().decode(await source.read(classes));
  return parseClassNames(text, architecture.classes ?? 0, `${source.where}/${classes}`);
}

function checkId(where: string, what: string, found: string, stated: string): void {
  if (found === stated) return;
  throw new ModelError(
    'model-damaged',
    `${where}: the tensors have ${what} ${found}, the manifest states ${stated}`,
  );
}

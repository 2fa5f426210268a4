import type { Profile } from '../container/profiles.js';
import { ModelError } from '../errors.js';
import { TILE_EDGE } from '../geometry.js';
import type { TensorUse } from '../tensor.js';
import type { EarlierDecodePath, ModelManifest } from './manifest.js';

/** A size that a manifest states and that a tensor has. */
export interface StatedSize {
  /** Field of the manifest, for messages. */
  readonly field: string;
  /** What the manifest states; undefined where it states nothing, and nothing is compared. */
  readonly stated: (manifest: ModelManifest) => number | undefined;
  readonly tensor: string;
  /** Dimension of the tensor. */
  readonly axis: number;
  /** Elements of that dimension for each one of what is counted; 1 unless given. */
  readonly each?: number;
}

/** What must hold for the tensors of a model; each profile has its own. */
export interface ModelRules {
  readonly name: Profile;
  /**
   * What tensors are for, by name: `x.` stands for every name that starts so, anything else for one name, which counts
   * before the former. The decode id covers those of use `entropy`, the render id synthesis, tail and heads.
   */
  readonly tensors: Readonly<Record<TensorUse, readonly string[]>>;
  /** Starts of names that no model of this profile has: those of other profiles. */
  readonly foreign: readonly string[];
  readonly sizes: readonly StatedSize[];
}

/** What a tensor is for; undefined for one that the rules do not know. */
export function useOf(rules: ModelRules, name: string): TensorUse | undefined {
  const uses = Object.entries(rules.tensors) as [TensorUse, readonly string[]][];
  const exact = uses.find(([, names]) => names.includes(name));
  const found = exact ?? uses.find(([, names]) => names.some((n) => n.endsWith('.') && name.startsWith(n)));
  return found?.[0];
}

/**
 * Compares what a manifest says with the tensors; only their names and shapes are looked at.
 *
 * @param loaded - The uses and earlier decode paths of which all tensors are there; of others nothing is compared.
 * @param where - path of the manifest, for messages
 * @throws ModelError `bad-manifest` naming the field, what it states and what was found
 */
export function checkManifest(
  manifest: ModelManifest,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  rules: ModelRules,
  { uses, paths }: { readonly uses: ReadonlySet<TensorUse>; readonly paths: ReadonlySet<EarlierDecodePath> },
  where: string,
): void {
  const fail = (field: string, stated: unknown, found: string) =>
    new ModelError('bad-manifest', `${where}: ${field} is ${stated}, but ${found}`);
  const stranger = [...tensors.keys()].find((name) => rules.foreign.some((start) => name.startsWith(start)));
  if (stranger !== undefined) {
    throw fail('profile', manifest.profile, `${stranger} is a tensor of another profile`);
  }
  const { tileSize, latentChannels } = manifest.architecture;
  if (tileSize !== TILE_EDGE)
    throw fail('architecture.tileSize', tileSize, `tiles of a file have ${TILE_EDGE}`);
  for (const { prefix } of paths) {
    // The model's own synthesis goes on from what an earlier path decodes.
    const size = tensors.get(`${prefix}gain.log2`)?.shape[1];
    if (size !== latentChannels) {
      throw fail('architecture.latentChannels', latentChannels, `${prefix}gain.log2 makes it ${size ?? 0}`);
    }
  }
  for (const { field, stated: read, tensor, axis, each = 1 } of rules.sizes) {
    const stated = read(manifest);
    const use = useOf(rules, tensor);
    if (stated === undefined || (use !== undefined && !uses.has(use))) continue;
    const size = tensors.get(tensor)?.shape[axis];
    if (size === undefined) throw fail(field, stated, `the model has no tensor ${tensor} of that size`);
    if (size !== each * stated) throw fail(field, stated, `${tensor} makes it ${size / each}`);
  }
}

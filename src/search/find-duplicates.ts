import { UsageError } from '../errors.js';
import { asIndexError, type PictureIndex } from './picture-index.js';
import { compileQuery } from './query/compile-query.js';
import { parseQuery } from './query/parse-query.js';
import { allowedFiles, hitReader, type SearchHit } from './search.js';

/** Distance of the vectors of copies, where nothing else is asked for (docs/results.md, Search). */
export const DEFAULT_WITHIN = 0.1;

/** Which files count as copies of each other. */
export interface DuplicateOptions {
  /** Largest distance of two copies, 0 to 1; {@link DEFAULT_WITHIN} unless given. 0 finds the same vectors only. */
  within?: number | undefined;
  /** Only among files for which a query holds. */
  where?: string | undefined;
  /** Ends the search. */
  signal?: AbortSignal | undefined;
  /** Called now and then with how many files were compared with all behind them. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Files that are copies of each other. */
export interface DuplicateGroup {
  /** The one with most pixels first, of equals that of most bytes; `distance` is that to the first. */
  files: SearchHit[];
}

/** Components that are compared first: they are sorted by how much photographs differ in them. */
const HEAD = 32;
/** Files between two looks at the signal. */
const STRIDE = 64;

/**
 * Groups the files of an index that are alike: two within the distance are in one group, and so are those that others link.
 * Every pair within the distance is found. All vectors are in memory, 136 bytes a file of 128 dimensions, and the time grows with the
 * square of the files, though most pairs cost a quarter of a comparison.
 *
 * @returns Largest groups first, of equals in the order of indexing.
 * @throws UsageError `bad-distance`, and what `search` throws
 */
export async function findDuplicates(
  index: PictureIndex,
  { within = DEFAULT_WITHIN, where, signal, onProgress }: DuplicateOptions = {},
): Promise<DuplicateGroup[]> {
  if (!(within >= 0 && within <= 1)) {
    throw new UsageError(
      'bad-distance',
      `the distance of copies must be a number from 0 to 1, not ${within}`,
    );
  }
  try {
    const condition = where === undefined ? undefined : compileQuery(parseQuery(where), index.names);
    const vectors = collectVectors(index, condition && allowedFiles(index, condition));
    const groups = new Groups(vectors.files.length);
    for (let at = 0; at < vectors.files.length; at++) {
      if (at % STRIDE === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        onProgress?.(at, vectors.files.length);
      }
      linkFollowing(vectors, at, within, groups);
    }
    const describe = hitReader(index);
    const firstFile = (members: readonly number[]) =>
      members.reduce((least, at) => Math.min(least, vectors.files[at]!), Infinity);
    return groups
      .list()
      .map((members) => ({ members, first: firstFile(members) }))
      .sort((a, b) => b.members.length - a.members.length || a.first - b.first)
      .map(({ members }) => describeGroup(members, vectors, describe));
  } catch (error) {
    throw asIndexError(index.path, error);
  }
}

/** Unit vectors of files, in ascending order of their first component. */
interface Vectors {
  readonly dimensions: number;
  /** Numbers of the files. */
  readonly files: Int32Array;
  /** [files][dimensions], as they are stored. */
  readonly values: Int8Array;
  /** Reciprocals of their lengths. */
  readonly scales: Float64Array;
  /** Length of what is behind the first {@link HEAD} components of the unit vector. */
  readonly tails: Float64Array;
}

function collectVectors(index: PictureIndex, allowed: Uint8Array | undefined): Vectors {
  const { dimensions } = index.about;
  const found: { file: number; scale: number; vector: Int8Array }[] = [];
  for (const { first, block } of index.blocks()) {
    for (let slot = 0; slot < block.scales.length; slot++) {
      const scale = block.scales[slot]!;
      if (scale === 0 || (allowed !== undefined && allowed[first + slot] !== 1)) continue;
      const vector = block.values.subarray(slot * dimensions, (slot + 1) * dimensions);
      found.push({ file: first + slot, scale, vector });
    }
  }
  found.sort((a, b) => a.vector[0]! * a.scale - b.vector[0]! * b.scale || a.file - b.file);
  const values = new Int8Array(found.length * dimensions);
  for (const [at, { vector }] of found.entries()) values.set(vector, at * dimensions);
  return {
    dimensions,
    values,
    files: Int32Array.from(found, ({ file }) => file),
    scales: Float64Array.from(found, ({ scale }) => scale),
    tails: Float64Array.from(found, ({ vector, scale }) => {
      return scale * Math.sqrt(vector.subarray(HEAD).reduce((sum, value) => sum + value * value, 0));
    }),
  };
}

/**
 * Links a file with those behind it that are within the distance. The difference of two unit vectors in one component is no
 * more than their distance, so those whose first component is further away are not looked at; and what the components behind
 * the head can still add is at most the product of their lengths (Cauchy, Schwarz).
 */
function linkFollowing(vectors: Vectors, at: number, within: number, groups: Groups): void {
  const { values, scales, tails, dimensions, files } = vectors;
  const least = 1 - within - 1e-6;
  const start = at * dimensions;
  const own = values[start]! * scales[at]!;
  const reach = Math.sqrt(2 * within) + 1e-6;
  const head = Math.min(HEAD, dimensions);
  for (let other = at + 1; other < files.length; other++) {
    const from = other * dimensions;
    if (values[from]! * scales[other]! - own > reach) return;
    const scale = scales[at]! * scales[other]!;
    let product = 0;
    for (let i = 0; i < head; i++) product += values[start + i]! * values[from + i]!;
    if (product * scale + tails[at]! * tails[other]! < least) continue;
    for (let i = head; i < dimensions; i++) product += values[start + i]! * values[from + i]!;
    if (product * scale >= least) groups.link(at, other);
  }
}

function likenessOf({ values, scales, dimensions }: Vectors, a: number, b: number): number {
  let product = 0;
  for (let i = 0; i < dimensions; i++) product += values[a * dimensions + i]! * values[b * dimensions + i]!;
  return product * scales[a]! * scales[b]!;
}

function describeGroup(
  members: readonly number[],
  vectors: Vectors,
  describe: (file: number) => SearchHit,
): DuplicateGroup {
  const hits = members.map((at) => ({ at, hit: describe(vectors.files[at]!) }));
  hits.sort(
    ({ at: a, hit: one }, { at: b, hit: other }) =>
      other.width * other.height - one.width * one.height ||
      other.bytes - one.bytes ||
      vectors.files[a]! - vectors.files[b]!,
  );
  const [best] = hits;
  const distanceTo = (at: number) =>
    at === best!.at ? 0 : Math.max(0, 1 - likenessOf(vectors, best!.at, at));
  return { files: hits.map(({ at, hit }) => ({ ...hit, distance: distanceTo(at) })) };
}

/** Sets of linked numbers. */
class Groups {
  readonly #above: Int32Array;

  constructor(size: number) {
    this.#above = Int32Array.from({ length: size }, (_, i) => i);
  }

  link(a: number, b: number): void {
    const [one, other] = [this.#root(a), this.#root(b)];
    this.#above[Math.max(one, other)] = Math.min(one, other);
  }

  /** Those of more than one member. */
  list(): number[][] {
    const members = new Map<number, number[]>();
    for (let i = 0; i < this.#above.length; i++) {
      const root = this.#root(i);
      const group = members.get(root);
      if (group === undefined) members.set(root, [i]);
      else group.push(i);
    }
    return [...members.values()].filter(({ length }) => length > 1);
  }

  #root(of: number): number {
    let root = of;
    while (this.#above[root] !== root) root = this.#above[root]!;
    for (let at = of; at !== root; ) {
      const next = this.#above[at]!;
      this.#above[at] = root;
      at = next;
    }
    return root;
  }
}

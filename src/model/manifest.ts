import { PROFILES, type Profile } from '../container/profiles.js';
import { ModelError } from '../errors.js';
import type { ModelSource } from '../platform/platform.js';
import { TENSOR_USES, type TensorUse } from '../tensor.js';

/** A weights file of a model. */
export interface WeightsFile {
  /** What its tensors are for; absent in models from before files were cut by use. */
  readonly use?: TensorUse;
  readonly file: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * The file by which pooled features become the short vectors of an index (docs/index-format.md). It is no part of decode or
 * render id: files of the model are the same with it and without.
 */
export interface ProjectionFile extends Omit<WeightsFile, 'use'> {
  /** Components of a vector. */
  readonly dimensions: number;
}

/**
 * The file that says between which values the inputs of tail and heads lie, for running them in integers of 8 bits. Part of no
 * id, as the projection is none.
 */
export type RangesFile = Omit<WeightsFile, 'use'>;

/** Sizes of a model's networks that the codec needs before it has read any weights. */
export interface ModelArchitecture {
  readonly latentChannels: number;
  readonly hyperChannels: number;
  /** Edge of a tile, in pixels. */
  readonly tileSize: number;
  readonly qualityLevels: number;
  /** Outputs of the classifier; absent in models without one. */
  readonly classes?: number;
}

/** Tables, hyper-synthesis and gains of an earlier release, by which a model reads that release's files. */
export interface EarlierDecodePath {
  /** 64 hexadecimal digits. */
  readonly decodeId: string;
  /** Stands before the names of its tensors, which are otherwise those of the model's own. */
  readonly prefix: string;
  /** The one of the weights files that serves nothing but this path; absent where it lies among others. */
  readonly file?: string;
}

/** A category of objects the detector knows. */
export interface ObjectCategory {
  /** As in the data set the heads were trained on. */
  readonly id: number;
  readonly name: string;
}

/** What the detection heads of a model say. */
export interface DetectionHeads {
  /** In the order of the class logits. */
  readonly categories: readonly ObjectCategory[];
  /** Channels of the mask features. */
  readonly maskChannels: number;
}

/** A decode id as .dicm files name it: the first 8 hexadecimal digits. */
export function shortDecodeId(decodeId: string): string {
  return decodeId.slice(0, 8);
}

/** A render id as .dicm files name it: the first 4 hexadecimal digits. */
export function shortRenderId(renderId: string): string {
  return renderId.slice(0, 4);
}

/** `manifest.json` of a released model (docs/architecture.md). */
export interface ModelManifest {
  readonly schema: 'dicm.model/1';
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly profile: Profile;
  /** SHA-256 of everything entropy decoding depends on, 64 hexadecimal digits. */
  readonly decodeId: string;
  /** SHA-256 of everything analysis of decoded latents depends on, 64 hexadecimal digits. */
  readonly renderId: string;
  readonly weights: readonly WeightsFile[];
  /** Absent in models whose files cannot be searched for by likeness. */
  readonly search?: ProjectionFile;
  /** Absent in models that are run in floats only. */
  readonly ranges?: RangesFile;
  /** Absent in models that read their own files only. */
  readonly earlierDecodePaths?: readonly EarlierDecodePath[];
  /** File of class names; absent in models without a classifier. */
  readonly classes?: string;
  readonly architecture: ModelArchitecture;
  /** Absent in models that only classify. */
  readonly detection?: DetectionHeads;
  readonly licence: string;
  readonly provenance: string;
  /** Measured figures, for people. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Name of the file that describes a model. */
export const MANIFEST_FILE = 'manifest.json';

/**
 * Reads the manifest of a model.
 *
 * @throws ModelError `model-missing` when there is none, `bad-manifest`
 */
export async function readManifest(source: ModelSource): Promise<ModelManifest> {
  const bytes = await source.read(MANIFEST_FILE);
  return parseManifest(new TextDecoder().decode(bytes), `${source.where}/${MANIFEST_FILE}`);
}

/**
 * Parses a manifest and checks every field. Fields it does not know are ignored: newer exporters may add some.
 *
 * @param where - path of the manifest, for messages
 * @throws ModelError `bad-manifest`
 */
export function parseManifest(text: string, where: string): ModelManifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('bad-manifest', `${where} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const root = new Fields(parsed, where, '');
  if (root.text('schema') !== 'dicm.model/1') {
    throw new ModelError('bad-manifest', `${where} has schema ${root.text('schema')}, not dicm.model/1`);
  }
  const architecture = root.object('architecture');
  const classifies = root.has('classes') || architecture.has('classes');
  return {
    schema: 'dicm.model/1',
    name: root.matching('name', /^[\w.-]+$/, 'letters, digits, ".", "_" and "-"'),
    description: root.text('description'),
    version: root.text('version'),
    profile: root.oneOf('profile', PROFILES),
    decodeId: root.hash('decodeId'),
    renderId: root.hash('renderId'),
    weights: root.list('weights').map((shard) => ({
      ...(shard.has('use') ? { use: shard.oneOf('use', TENSOR_USES) } : {}),
      ...parseFile(shard),
    })),
    ...(root.has('search') ? { search: parseProjection(root.object('search')) } : {}),
    ...(root.has('ranges') ? { ranges: parseFile(root.object('ranges')) } : {}),
    ...(root.has('earlierDecodePaths') ? { earlierDecodePaths: parseEarlierDecodePaths(root) } : {}),
    ...(classifies ? { classes: root.fileName('classes') } : {}),
    architecture: {
      latentChannels: architecture.count('latentChannels'),
      hyperChannels: architecture.count('hyperChannels'),
      tileSize: architecture.count('tileSize'),
      qualityLevels: architecture.count('qualityLevels'),
      ...(classifies ? { classes: architecture.count('classes') } : {}),
    },
    ...(root.has('detection') ? { detection: parseDetection(root.object('detection')) } : {}),
    licence: root.text('licence'),
    provenance: root.text('provenance'),
    figures: root.object('figures').values,
  };
}

function parseEarlierDecodePaths(root: Fields): EarlierDecodePath[] {
  const paths = root.list('earlierDecodePaths').map((path) => ({
    decodeId: path.hash('decodeId'),
    prefix: path.matching('prefix', /^decode-[\w-]+\.$/, '"decode-", letters or digits, and "."'),
    ...(path.has('file') ? { file: path.fileName('file') } : {}),
  }));
  const ids = [root.hash('decodeId'), ...paths.map(({ decodeId }) => decodeId)];
  if (new Set(ids.map(shortDecodeId)).size < ids.length) {
    root.fail('earlierDecodePaths', 'a list of ids that .dicm files can tell apart');
  }
  if (new Set(paths.map(({ prefix }) => prefix)).size < paths.length) {
    root.fail('earlierDecodePaths', 'a list of different prefixes');
  }
  const entropyFiles = root.list('weights').filter(({ values }) => values.use === 'entropy');
  const listed = new Set(entropyFiles.map(({ values }) => values.file));
  if (paths.some(({ file }) => file !== undefined && !listed.has(file))) {
    root.fail('earlierDecodePaths', 'a list whose files are weights of use "entropy"');
  }
  return paths;
}

function parseProjection(search: Fields): ProjectionFile {
  return { ...parseFile(search), dimensions: search.count('dimensions') };
}

function parseFile(entry: Fields): Omit<WeightsFile, 'use'> {
  return { file: entry.fileName('file'), bytes: entry.count('bytes'), sha256: entry.hash('sha256') };
}

function parseDetection(detection: Fields): DetectionHeads {
  const categories = detection.list('categories').map((category) => ({
    id: category.count('id'),
    name: category.text('name'),
  }));
  if (new Set(categories.map(({ id }) => id)).size !== categories.length) {
    detection.fail('categories', 'a list of different ids');
  }
  return { categories, maskChannels: detection.count('maskChannels') };
}

/** An object of the manifest whose fields are checked as they are read. */
class Fields {
  readonly values: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #path: string;

  constructor(value: unknown, where: string, path: string) {
    this.#where = where;
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ModelError('bad-manifest', `${where}: ${path === '' ? 'the whole' : path} is not an object`);
    }
    this.values = value as Record<string, unknown>;
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined;
  }

  text(key: string): string {
    const value = this.#get(key);
    return typeof value === 'string' ? value : this.fail(key, 'text');
  }

  matching(key: string, pattern: RegExp, what: string): string {
    const value = this.text(key);
    return pattern.test(value) ? value : this.fail(key, what);
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.text(key);
    return allowed.find((one) => one === value) ?? this.fail(key, allowed.join(' or '));
  }

  hash(key: string): string {
    return this.matching(key, /^[0-9a-f]{64}$/, '64 hexadecimal digits');
  }

  /** A name without folders: a manifest must not reach outside its own folder. */
  fileName(key: string): string {
    return this.matching(key, /^[\w-][\w.-]*$/, 'a plain file name');
  }

  count(key: string): number {
    const value = this.#get(key);
    return Number.isSafeInteger(value) && (value as number) > 0
      ? (value as number)
      : this.fail(key, 'a positive whole number');
  }

  object(key: string): Fields {
    return new Fields(this.#get(key), this.#where, this.#name(key));
  }

  list(key: string): Fields[] {
    const value = this.#get(key);
    if (!Array.isArray(value) || value.length === 0) return this.fail(key, 'a list with entries');
    return value.map((item, i) => new Fields(item, this.#where, `${this.#name(key)}[${i}]`));
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.values, key) ? this.values[key] : undefined;
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  fail(key: string, what: string): never {
    const found = this.#get(key) === undefined ? 'missing' : 'wrong';
    throw new ModelError(
      'bad-manifest',
      `${this.#where}: ${this.#name(key)} is ${found}; it must be ${what}`,
    );
  }
}

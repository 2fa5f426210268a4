import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../errors.js';
import { DECODE_ID_DIGITS, type ModelManifest } from './manifest.js';
import { readManifest } from './read-manifest.js';

/** A model on disk, of which only the manifest has been read. */
export interface FoundModel {
  readonly folder: string;
  readonly manifest: ModelManifest;
}

/** Where to look for models, and for which. */
export interface ModelQuery {
  /** A model folder, or a folder of such folders. With it, nothing else is searched. */
  path?: string | undefined;
  /** Name in the manifest. */
  name?: string | undefined;
  /** As stored in .dicm files: the first 8 hexadecimal digits. */
  decodeId?: string | undefined;
}

/** The model encoders use when no other is named. */
export const DEFAULT_MODEL_NAME = 'dicm-r50';

/**
 * Folders that are searched, in order: the given path alone, or those in `$DICM_MODEL_PATH` (separated as in
 * `$PATH`) and then the package's own `models`.
 */
export function modelSearchPath(path?: string): string[] {
  if (path !== undefined) return [path];
  const listed = (process.env.DICM_MODEL_PATH ?? '').split(delimiter).filter((entry) => entry !== '');
  return [...listed, join(packageFolder(), 'models')];
}

/**
 * Lists all models of the search path, first found first. Folders that hold no manifest are passed over.
 *
 * @throws ModelError `bad-manifest` for a manifest that cannot be read
 */
export async function listModels(path?: string): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const entry of modelSearchPath(path)) {
    for (const folder of await modelFolders(entry)) {
      models.push({ folder, manifest: await readManifest(folder) });
    }
  }
  return models;
}

/**
 * Finds the first model that has the name and decode id asked for; without either, the one `$DICM_MODEL` names, or
 * {@link DEFAULT_MODEL_NAME}, or, where that is not installed, the first model there is.
 *
 * @throws ModelError `model-missing` naming what was wanted, what was found, and where
 */
export async function findModel(query: ModelQuery = {}): Promise<FoundModel> {
  const models = await listModels(query.path);
  const { name, decodeId } = query;
  const fits = models.filter(
    ({ manifest }) =>
      (name === undefined || manifest.name === name) &&
      (decodeId === undefined || manifest.decodeId.startsWith(decodeId)),
  );
  const preferred =
    name === undefined && decodeId === undefined
      ? fits.find(({ manifest }) => manifest.name === (process.env.DICM_MODEL || DEFAULT_MODEL_NAME))
      : undefined;
  const found = preferred ?? fits[0];
  if (found !== undefined) return found;
  const wanted = [
    name === undefined ? '' : ` named ${name}`,
    decodeId === undefined ? '' : ` with decode id ${decodeId}`,
  ].join('');
  const present = models.map(
    ({ manifest }) => `${manifest.name} (${manifest.decodeId.slice(0, DECODE_ID_DIGITS)})`,
  );
  throw new ModelError(
    'model-missing',
    `no model${wanted} in ${modelSearchPath(query.path).join(', ')}; ` +
      (present.length === 0 ? 'there is none at all' : `found ${present.join(', ')}`),
  );
}

async function modelFolders(entry: string): Promise<string[]> {
  if (existsSync(join(entry, 'manifest.json'))) return [entry];
  let names: string[];
  try {
    names = (await readdir(entry)).sort();
  } catch {
    return [];
  }
  return names.map((name) => join(entry, name)).filter((folder) => existsSync(join(folder, 'manifest.json')));
}

/** The package's root, from the sources as well as from the built files below `dist`. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new ModelError('model-missing', 'the package dicm has lost its package.json');
    folder = parent;
  }
  return folder;
}

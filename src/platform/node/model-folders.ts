import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import type { Profile } from '../../container/profiles.js';
import { ModelError, ResourceError } from '../../errors.js';
import { defaultLimits } from '../../limits.js';
import { nameShortage } from '../../shortage.js';
import type { ModelChoice, ModelListing, ModelSource } from '../platform.js';
import { readRegularFile, UnreadableFile } from './regular-file.js';

/** The package that brings the model which encoders use when no other is named. */
export const MODEL_PACKAGE = 'dicm-model-r50';

/** The packages that bring the usual model of each profile. */
const MODEL_PACKAGES: Readonly<Record<Profile, string>> = {
  semantic: MODEL_PACKAGE,
  perceptual: 'dicm-model-dpc',
};

/** A folder that holds a model. */
export function modelFolder(folder: string): ModelSource {
  return { where: folder, read: (file) => readModelFile(join(folder, file)) };
}

/**
 * Lists the folders of the search path that hold a manifest; everything else is passed over.
 *
 * @param path - A model folder, or a folder of such folders. With it, nothing else is searched.
 */
export async function listModelFolders(path?: string): Promise<ModelListing> {
  const places = modelSearchPath(path);
  const folders = await Promise.all(places.map(foldersAt));
  const sources = folders.flat().map(modelFolder);
  if (path !== undefined) return { places, sources };
  const missing = Object.entries(MODEL_PACKAGES).filter(([, name]) => installedFolder(name) === undefined);
  const advice = missing.map(([profile, name]) => [
    profile,
    `the package ${name} is not installed: npm install ${name}`,
  ]);
  return { places, sources, advice: Object.fromEntries(advice) };
}

/**
 * Folders that are searched, in order: the given path alone, or those in `$DICM_MODEL_PATH` (separated as in
 * `$PATH`) and then the {@link MODEL_PACKAGES} that are installed.
 */
export function modelSearchPath(path?: string): string[] {
  if (path !== undefined) return [path];
  const listed = (process.env.DICM_MODEL_PATH ?? '').split(delimiter).filter((entry) => entry !== '');
  const installed = Object.values(MODEL_PACKAGES).map(installedFolder);
  return [...listed, ...installed.filter((folder) => folder !== undefined)];
}

/** A model is named, or pointed at: what exists as a folder or looks like a path is one. */
export async function readModelChoice(choice: string): Promise<ModelChoice> {
  if (/[\\/]/.test(choice) || choice.startsWith('.')) return { path: choice };
  const status = await stat(choice).catch(() => undefined);
  return status?.isDirectory() === true ? { path: choice } : { name: choice };
}

async function foldersAt(place: string): Promise<string[]> {
  if (existsSync(join(place, 'manifest.json'))) return [place];
  let names: string[];
  try {
    names = (await readdir(place)).sort();
  } catch (error) {
    // What cannot be listed for want of file descriptors may well hold models.
    const shortage = nameShortage(error);
    if (shortage instanceof ResourceError) throw shortage;
    return [];
  }
  return names.map((name) => join(place, name)).filter((folder) => existsSync(join(folder, 'manifest.json')));
}

/** Most bytes of a manifest or a list of classes; weights have at most what an array can hold. */
const MOST_JSON_BYTES = 2 ** 26;

async function readModelFile(path: string): Promise<Uint8Array> {
  const maxBytes = path.endsWith('.json') ? MOST_JSON_BYTES : defaultLimits.maxArrayBytes;
  try {
    return await readRegularFile(path, { maxBytes });
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new ModelError('model-missing', `${path} ${cause.message}`, { cause });
  }
}

/** Folder of a package, wherever the package manager has put it for this one; undefined where it has not. */
function installedFolder(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

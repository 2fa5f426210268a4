import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackendError, ModelError } from '../../errors.js';
import {
  defaultModelPackage,
  type InstalledModel,
  listInstalledModels,
} from '../../platform/node/inventory.js';

/** Something that the server of the page shows: a file, as it is when it is asked for, or bytes. */
export interface ServedFile {
  readonly path?: string | Buffer;
  readonly content?: string;
  /** Its media type. */
  readonly type: string;
  /** How long a browser may keep it without asking again. */
  readonly cache: 'forever' | 'ask' | 'never';
}

/** Folders beside the page in which it looks for models: of what networks read, and of pictures for eyes. */
export const MODEL_FOLDERS: Readonly<Record<InstalledModel['profile'], string>> = {
  semantic: 'model',
  perceptual: 'view-model',
};

/** Media types by extension. Photographs among them, so that a browser knows what it gets. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.md': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.avif': 'image/avif',
};

/** The media type of a file, by its name. */
export function mediaType(name: string): string {
  if (basename(name) === 'LICENSE') return 'text/plain; charset=utf-8';
  return TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * The files of the built page by their addresses.
 *
 * @throws BackendError `no-page` where it was not built
 */
export function pageFiles(): Map<string, ServedFile> {
  const root = pageFolder();
  const files = new Map<string, ServedFile>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const address = posix.join('/', ...path.slice(root.length).split(sep));
    // Models that were copied beside the page are not those that are asked for.
    if (Object.values(MODEL_FOLDERS).some((folder) => address.startsWith(`/${folder}/`))) continue;
    // The names of these have a hash of their content in them.
    const cache = address.startsWith('/assets/') ? 'forever' : 'ask';
    files.set(address, { path, type: mediaType(entry.name), cache });
  }
  const index = files.get('/index.html')!;
  return files.set('/', index);
}

/**
 * Finds the models that a page is to have beside itself.
 *
 * @param choice - As `--model` has it; pictures for eyes are rebuilt by what is installed where it names no model for them.
 * @throws ModelError `model-missing` where there is none that networks read with
 */
export async function pageModels(choice?: string): Promise<InstalledModel[]> {
  const named = await listInstalledModels(choice);
  const defaultOf = (models: readonly InstalledModel[], wanted: InstalledModel['profile']) =>
    models.find(({ isDefault, profile }) => isDefault && profile === wanted);
  const machine = defaultOf(named, 'semantic');
  if (machine === undefined) {
    throw new ModelError(
      'model-missing',
      `no model to encode with is installed: npm install ${defaultModelPackage}`,
    );
  }
  const view = defaultOf(named, 'perceptual') ?? defaultOf(await listInstalledModels(), 'perceptual');
  return view === undefined ? [machine] : [machine, view];
}

/** Names of the files of a model that a page reads, with its licence. */
export async function modelFiles(folder: string): Promise<string[]> {
  const { weights } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    weights: readonly { file: string }[];
  };
  const names = ['manifest.json', 'classes.json', 'LICENSE', ...weights.map(({ file }) => file)];
  return names.filter((name) => basename(name) === name && existsSync(join(folder, name)));
}

function pageFolder(): string {
  // From the built files below dist/ and from the sources.
  const places = ['../../../web', '../../../dist/web'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(join(place, 'assets')));
  if (found !== undefined) return found;
  throw new BackendError('no-page', 'the page was not built; in a clone, npm run build makes it');
}

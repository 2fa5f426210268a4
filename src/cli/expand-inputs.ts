import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '../errors.js';
import { STANDARD } from './terminal.js';

/** One input of a run. */
export interface Input {
  /** Path as the user would write it, or `-`. */
  path: string;
  /** Path below the directory it was found in; the file's name for anything else. */
  relative: string;
}

/** How to read the positional arguments. */
export interface ExpandOptions {
  /** Search directories. */
  recursive: boolean;
  /** Which files of a directory count, by name. Files that are named one by one always count. */
  accept(name: string): boolean;
}

/**
 * Turns positional arguments into inputs: files as they are, patterns such as `photos/*.jpg` (for shells that
 * leave them alone), directories with `-r`. Sorted within each argument, hidden files left out. A file that
 * does not exist stays in the list, so that its error is reported beside the results of the others.
 *
 * @throws UsageError `is-directory`, `directory-unreadable`, `no-match`, `stdin-twice`.
 */
export async function expandInputs(patterns: readonly string[], options: ExpandOptions): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const pattern of patterns) inputs.push(...(await expandOne(pattern, options)));
  if (inputs.filter(({ path }) => path === STANDARD).length > 1) {
    throw new UsageError('stdin-twice', 'stdin (-) can be read only once');
  }
  return inputs;
}

async function expandOne(pattern: string, options: ExpandOptions): Promise<Input[]> {
  if (pattern === STANDARD) return [{ path: STANDARD, relative: STANDARD }];
  const status = await stat(pattern).catch(() => undefined);
  if (status?.isDirectory()) {
    if (!options.recursive) {
      throw new UsageError('is-directory', `${pattern} is a directory; -r takes the files in it`);
    }
    const found = await listFolder(pattern, '', options.accept);
    if (found.length === 0) throw new UsageError('no-match', `${pattern} has no files of the right kind`);
    return found;
  }
  // An existing file wins: brackets and braces are common in names.
  if (status !== undefined || !/[*?[{]/.test(pattern))
    return [{ path: pattern, relative: basename(pattern) }];
  const { glob } = await import('tinyglobby');
  const posix = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const paths = await glob(posix, { dot: false, expandDirectories: false });
  if (paths.length === 0) throw new UsageError('no-match', `no file matches ${pattern}`);
  return paths.sort().map((path) => ({ path, relative: basename(path) }));
}

/** Files below a directory; symbolic links to directories are not followed, so there are no endless loops. */
async function listFolder(root: string, below: string, accept: (name: string) => boolean): Promise<Input[]> {
  const folder = join(root, below);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EACCES' ? 'permission denied' : error.message;
    throw new UsageError('directory-unreadable', `${folder} cannot be listed: ${reason}`, { cause: error });
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const inputs: Input[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const relative = join(below, entry.name);
    if (entry.isDirectory()) inputs.push(...(await listFolder(root, relative, accept)));
    else if (accept(entry.name)) inputs.push({ path: join(root, relative), relative });
  }
  return inputs;
}

/** Names of picture files, by extension. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|jpe|jfif|png|webp|gif|avif|heic|heif|tiff?|svg)$/i.test(name);
}

/** Names of .dicm files. */
export function isDicmName(name: string): boolean {
  return /\.dicm$/i.test(name);
}

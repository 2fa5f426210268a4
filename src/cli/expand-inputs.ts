import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { nameShortage } from '../shortage.js';
import { nameOfBytes, recoverNames, toPath } from './file-names.js';
import { STANDARD } from './terminal.js';

/** One input of a run. */
export interface Input {
  /** Path as the user would write it, or `-`. */
  path: string;
  /** Path below the directory it was found in; the file's name for anything else. */
  relative: string;
}

/** A file in a directory that is not an input. */
export interface PassedOver {
  path: string;
  /** Its extension, or what it is instead of a file: `.bmp`, `FIFO`. */
  kind: string;
}

/** The inputs of a run. */
export interface Inputs {
  inputs: Input[];
  /**
   * Whether what was given names as many inputs as there happen to be: a directory, a pattern, a list. Outputs then go
   * to a folder, however many it was this time.
   */
  isOpen: boolean;
  /** Files in directories that are of another kind. */
  passedOver: PassedOver[];
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
 * leave them alone), directories with `-r`. Sorted within each argument, hidden files left out. Of directories and
 * patterns only regular files are taken: a pipe would be waited for. A file that does not exist stays in the list, so
 * that its error is reported beside the results of the others.
 *
 * @throws UsageError `is-directory`, `directory-unreadable`, `no-match`, `stdin-twice`.
 */
export async function expandInputs(patterns: readonly string[], options: ExpandOptions): Promise<Inputs> {
  const all: Inputs = { inputs: [], isOpen: false, passedOver: [] };
  for (const pattern of patterns) {
    const { inputs, isOpen, passedOver } = await expandOne(pattern, options);
    // One by one: what a folder holds may be more than a call takes arguments.
    for (const input of inputs) all.inputs.push(input);
    for (const file of passedOver) all.passedOver.push(file);
    all.isOpen ||= isOpen;
  }
  checkStandard(all.inputs);
  return all;
}

/** @throws UsageError `stdin-twice` */
export function checkStandard(inputs: readonly Input[]): void {
  if (inputs.filter(({ path }) => path === STANDARD).length > 1) {
    throw new UsageError('stdin-twice', 'stdin (-) can be read only once');
  }
}

/** The inputs that one file, or one directory with `-r`, stands for. @throws UsageError as {@link expandInputs} */
export async function expandPath(path: string, options: ExpandOptions): Promise<Inputs> {
  const status = await stat(toPath(path)).catch(() => undefined);
  if (status?.isDirectory() !== true) return some([{ path, relative: basename(path) }], false);
  if (!options.recursive) {
    throw new UsageError('is-directory', `${path} is a directory; -r takes the files in it`);
  }
  const found = some([], true);
  await listFolder(path, '', options.accept, found);
  if (found.inputs.length === 0) {
    const others = found.passedOver.length === 0 ? '' : `, but ${countKinds(found.passedOver)}`;
    throw new UsageError('no-match', `${path} has no files of the right kind${others}`);
  }
  return found;
}

async function expandOne(pattern: string, options: ExpandOptions): Promise<Inputs> {
  if (pattern === STANDARD) return some([{ path: STANDARD, relative: STANDARD }], false);
  const status = await stat(toPath(pattern)).catch(() => undefined);
  // An existing file wins: brackets and braces are common in names.
  if (status !== undefined) return expandPath(pattern, options);
  const recovered = await recoverNames(pattern);
  if (recovered.length === 1) return expandPath(recovered[0]!, options);
  return /[*?[{]/.test(pattern) ? expandPattern(pattern) : expandPath(pattern, options);
}

async function expandPattern(pattern: string): Promise<Inputs> {
  const { glob } = await import('tinyglobby');
  const posix = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const matches = await glob(posix, { dot: false, expandDirectories: false });
  const found = some([], true);
  // Files whose names are no UTF-8 may read alike.
  for (const match of [...new Set(matches)].sort()) {
    for (const path of await recoverNames(match)) {
      const kind = kindOf(await stat(toPath(path)).catch(() => undefined));
      if (kind === undefined) found.inputs.push({ path, relative: basename(path) });
      else found.passedOver.push({ path, kind });
    }
  }
  if (found.inputs.length === 0) throw new UsageError('no-match', `no file matches ${pattern}`);
  return found;
}

/** Files below a directory; symbolic links to directories are not followed, so there are no endless loops. */
async function listFolder(
  root: string,
  below: string,
  accept: (name: string) => boolean,
  found: Inputs,
): Promise<void> {
  const folder = join(root, below);
  const entries = await readdir(toPath(folder), { withFileTypes: true, encoding: 'buffer' }).catch(
    (error: NodeJS.ErrnoException) => {
      const shortage = nameShortage(error);
      if (shortage !== error) throw shortage;
      const reason = error.code === 'EACCES' ? 'permission denied' : error.message;
      throw new UsageError('directory-unreadable', `${folder} cannot be listed: ${reason}`, { cause: error });
    },
  );
  // The types of Node do not know that names are buffers where that is asked for.
  const named = (entries as unknown as Dirent<Buffer>[]).map((entry) => ({
    entry,
    name: nameOfBytes(entry.name),
  }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const { entry, name } of named) {
    if (name.startsWith('.')) continue;
    const relative = join(below, name);
    const path = join(root, relative);
    if (entry.isDirectory()) await listFolder(root, relative, accept, found);
    else {
      const status = entry.isSymbolicLink() ? await stat(toPath(path)).catch(() => undefined) : entry;
      const kind =
        kindOf(status) ?? (accept(name) ? undefined : extname(name).toLowerCase() || 'no extension');
      if (kind === undefined) found.inputs.push({ path, relative });
      else found.passedOver.push({ path, kind });
    }
  }
}

/** What something is that is no regular file; `undefined` for one that is. */
function kindOf(status: Stats | Dirent<Buffer> | undefined): string | undefined {
  if (status === undefined) return 'broken link';
  if (status.isFile()) return undefined;
  if (status.isDirectory()) return 'link to a directory';
  if (status.isFIFO()) return 'FIFO';
  return status.isSocket() ? 'socket' : 'device';
}

/** `3 .bmp, 1 FIFO`, the most frequent kind first. */
export function countKinds(passedOver: readonly PassedOver[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of passedOver) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function some(inputs: Input[], isOpen: boolean): Inputs {
  return { inputs, isOpen, passedOver: [] };
}

/** Names of picture files that can be read, by extension. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?|svg)$/i.test(name);
}

/** Names of .dicm files. */
export function isDicmName(name: string): boolean {
  return /\.dicm$/i.test(name);
}

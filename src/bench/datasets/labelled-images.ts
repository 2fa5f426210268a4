import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { type ReadOptions, readTextFile } from '../../platform/node/regular-file.js';
import type { LeftOutImage } from '../report.js';
import type { Dataset, DatasetImage } from './dataset.js';
import { FileFinder } from './find-file.js';

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff'];

/** Class index of a WordNet identifier, from the model's class names. */
export type ClassIndexes = ReadonlyMap<string, number>;

/** An image with the class it is said to have. */
interface Claim {
  readonly name: string;
  /** Undefined where there is no such file. */
  readonly path: string | undefined;
  readonly wnid: string | undefined;
}

/** Reads an `imagefolder`: `<folder>/<wnid>/<image>`. Images anywhere else in it are left out and named. */
export async function readClassFolder(folder: string, classes: ClassIndexes): Promise<Dataset> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const claims = entries
    .filter((entry) => entry.isFile() && EXTENSIONS.includes(extname(entry.name).toLowerCase()))
    .map((entry): Claim => {
      const path = join(entry.parentPath, entry.name);
      const inClass = resolve(dirname(entry.parentPath)) === resolve(folder);
      const wnid = inClass ? basename(entry.parentPath) : undefined;
      return { name: path.slice(folder.length).replace(/^[\\/]+/, ''), path, wnid };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return sortClaims(basename(resolve(folder)), claims, classes);
}

/**
 * Reads a list of images with their classes: CSV with the header `path,wnid`, paths relative to the list.
 *
 * @throws UsageError `bad-dataset` for a list without that header; what `readTextFile` throws
 */
export async function readClassList(
  path: string,
  classes: ClassIndexes,
  options: ReadOptions = {},
): Promise<Dataset> {
  const lines = (await readTextFile(path, options)).split(/\r?\n/);
  if (lines[0]?.trim() !== 'path,wnid') {
    throw new UsageError('bad-dataset', `${path} has no header line "path,wnid"`);
  }
  const files = new FileFinder(dirname(path));
  const claims: Claim[] = [];
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue;
    const comma = line.lastIndexOf(',');
    // Only a name that holds a comma needs the quotes of CSV.
    const name = line
      .slice(0, Math.max(0, comma))
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"');
    claims.push({ name, path: await files.find(name), wnid: line.slice(comma + 1).trim() });
  }
  return sortClaims(basename(path), claims, classes);
}

function sortClaims(name: string, claims: readonly Claim[], classes: ClassIndexes): Dataset {
  const images: DatasetImage[] = [];
  const leftOut: LeftOutImage[] = [];
  const seen = new Set<string>();
  for (const claim of claims) {
    const label = classes.get(claim.wnid ?? '');
    const problem = problemOf(claim, label, seen);
    if (problem === undefined) images.push({ name: claim.name, path: claim.path!, label: label! });
    else leftOut.push({ image: claim.name, ...problem });
    if (claim.path !== undefined) seen.add(claim.path);
  }
  return { name, images, leftOut };
}

function problemOf(
  { path, wnid }: Claim,
  label: number | undefined,
  seen: ReadonlySet<string>,
): Omit<LeftOutImage, 'image'> | undefined {
  if (wnid === undefined) return { code: 'unlabelled', message: 'not in a folder named after a class' };
  if (label === undefined) return { code: 'unlabelled', message: `the model has no class ${wnid}` };
  if (path === undefined) return { code: 'missing', message: 'no such file' };
  return seen.has(path) ? { code: 'duplicate', message: 'listed before' } : undefined;
}

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { nameShortage } from '../shortage.js';

// File systems of Unix hold names as bytes, which need not be UTF-8: archives of other systems bring Latin-1. Text that
// Node makes of such a name names no file any more. Here a byte that is no UTF-8 becomes a lone surrogate, U+DC00 and its
// value, which no name of UTF-8 can contain, and becomes that byte again when the file is opened. The convention is
// Python's (PEP 383, `surrogateescape`), so that what `--json` prints is understood there by `os.fsencode`.

const ESCAPE = 0xdc00;
const ESCAPED = /[\udc80-\udcff]/u;
const REPLACEMENT = '\ufffd';

/** The name that bytes are; what is no UTF-8 in them is kept. */
export function nameOfBytes(bytes: Buffer): string {
  const text = bytes.toString();
  // Replaced by the decoder, unless the name really has that character.
  if (!text.includes(REPLACEMENT) || Buffer.from(text).equals(bytes)) return text;
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => isCharacter(bytes.subarray(at, at + count)));
    name +=
      length === undefined
        ? String.fromCharCode(ESCAPE + bytes[at]!)
        : bytes.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return name;
}

/** Whether bytes are one character of UTF-8. */
function isCharacter(bytes: Buffer): boolean {
  const text = bytes.toString();
  return [...text].length === 1 && Buffer.from(text).equals(bytes);
}

/** What the file system calls a file: the name itself, or its bytes where it is no UTF-8. */
export function toPath(name: string): string | Buffer {
  if (process.platform === 'win32' || !ESCAPED.test(name)) return name;
  const bytes = Array.from(name, (character) =>
    ESCAPED.test(character) ? Buffer.of(character.charCodeAt(0) - ESCAPE) : Buffer.from(character),
  );
  return Buffer.concat(bytes);
}

/** {@link toPath} for what takes only text: `undefined` where the name is no UTF-8. */
export function asText(name: string): string | undefined {
  const path = toPath(name);
  return typeof path === 'string' ? path : undefined;
}

/**
 * Finds the files that are meant by a path of which Node could not read some bytes: arguments come as text, in which each
 * of them has been replaced.
 *
 * @returns Paths of files that exist and read like that; usually one. None where the path names no file at all.
 */
export async function recoverNames(path: string): Promise<string[]> {
  if (!path.includes(REPLACEMENT)) return (await exists(path)) ? [path] : [];
  const folder = dirname(path);
  const wanted = basename(path);
  // The root and the working directory are their own parents.
  const folders = folder === path || folder === '.' ? [folder] : await recoverNames(folder);
  const found: string[] = [];
  for (const place of folders) {
    for (const name of await listNames(place)) {
      if (readByNode(name) === wanted) found.push(place === '.' ? name : join(place, name));
    }
  }
  return found.sort();
}

/** How Node reads a name in arguments. */
function readByNode(name: string): string {
  return toPath(name).toString();
}

/** Names in a folder; none where it cannot be listed. @throws ResourceError */
export async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(toPath(folder), { encoding: 'buffer' })).map(nameOfBytes);
  } catch (error) {
    const shortage = nameShortage(error);
    if (shortage !== error) throw shortage;
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(toPath(path)).catch(() => undefined)) !== undefined;
}

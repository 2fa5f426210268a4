import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isAddress } from './addresses.js';
import { nameOfBytes, toPath } from './file-names.js';

/** What an index calls a file: its address, or its path from the folder of the index, with `/`; bytes where it is no UTF-8. */
export function indexedPath(index: string, path: string): string | Uint8Array {
  if (isAddress(path)) return path;
  const below = relative(resolve(dirname(index)), resolve(path));
  const name = toPath(sep === '/' ? below : below.replaceAll(sep, '/'));
  return typeof name === 'string' ? name : new Uint8Array(name);
}

/** The path of a file in an index as the user would write it, who named the index. */
export function pathFromIndex(index: string, indexed: string | Uint8Array): string {
  const name = nameOfIndexed(indexed);
  if (isAddress(name)) return name;
  const own = sep === '/' ? name : name.replaceAll('/', sep);
  return isAbsolute(own) ? own : join(dirname(index), own);
}

/** A path of an index as a name of this program. */
export function nameOfIndexed(indexed: string | Uint8Array): string {
  return typeof indexed === 'string' ? indexed : nameOfBytes(Buffer.from(indexed));
}

/** Whether what an index holds is an address: nobody looks whether the file is there. */
export function isIndexedAddress(indexed: string | Uint8Array): boolean {
  return isAddress(nameOfIndexed(indexed));
}

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { nameShortage } from '../../shortage.js';

/**
 * Finds the files that a list names. File systems and the programs that write lists spell letters with accents as one
 * character or as two (NFC, NFD), and both are the same name.
 */
export class FileFinder {
  readonly #folder: string;
  /** Of folders that were listed: what their entries are called, by what they are called in NFC. */
  readonly #listed = new Map<string, Promise<ReadonlyMap<string, string>>>();

  /** @param folder - What names in the list are relative to. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where a name leads to, taken literally. */
  literally(name: string): string {
    return resolve(this.#folder, name);
  }

  /** Path of a regular file; undefined where there is none. A file that is called exactly so is preferred. */
  async find(name: string): Promise<string | undefined> {
    const path = this.literally(name);
    if (await isFile(path)) return path;
    // Names of plain letters have one spelling only.
    if (path.normalize('NFC') === path && path.normalize('NFD') === path) return undefined;
    const respelt = await this.#respell(path);
    return respelt !== undefined && (await isFile(respelt)) ? respelt : undefined;
  }

  /** The path as the folders on it spell it. */
  async #respell(path: string): Promise<string | undefined> {
    if (path === parse(path).root || (await exists(path))) return path;
    const folder = await this.#respell(dirname(path));
    if (folder === undefined) return undefined;
    let names = this.#listed.get(folder);
    if (names === undefined) {
      names = listByName(folder);
      this.#listed.set(folder, names);
    }
    const name = (await names).get(basename(path).normalize('NFC'));
    return name === undefined ? undefined : join(folder, name);
  }
}

async function listByName(folder: string): Promise<ReadonlyMap<string, string>> {
  try {
    return new Map((await readdir(folder)).map((name) => [name.normalize('NFC'), name]));
  } catch (error) {
    const shortage = nameShortage(error);
    if (shortage !== error) throw shortage;
    return new Map();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

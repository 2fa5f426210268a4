import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.js';
import { nameShortage } from '../../shortage.js';

/** Results by what they follow from, on disk, so that a run that was interrupted goes on. */
export interface ResultCache {
  /** The value kept under a key; undefined where there is none, or a damaged one. */
  get<T>(key: unknown): Promise<T | undefined>;
  put(key: unknown, value: unknown): Promise<void>;
}

/** Changes when results of one key would no longer be the same. */
const GENERATION = 1;

let written = 0;

/** Opens a cache in a folder, which is made when the first value comes. */
export function openResultCache(folder: string): ResultCache {
  const pathOf = (key: unknown) => {
    const name = createHash('sha256')
      .update(JSON.stringify([GENERATION, key]))
      .digest('hex');
    return join(folder, name.slice(0, 2), `${name.slice(2, 40)}.json`);
  };
  return {
    get: async <T>(key: unknown) => {
      try {
        return JSON.parse(await readFile(pathOf(key), 'utf8')) as T;
      } catch {
        return undefined;
      }
    },
    put: async (key, value) => {
      const path = pathOf(key);
      const temporary = `${path}.${process.pid}-${written++}.tmp`;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(temporary, JSON.stringify(value));
        await rename(temporary, path);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => undefined);
        const shortage = nameShortage(cause);
        if (shortage !== cause) throw shortage;
        throw new OutputError('cache-failed', `${path} cannot be written: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
  };
}

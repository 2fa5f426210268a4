import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of one run of a program, in a folder of their own. */
export interface WorkFiles {
  /** Path of a file of this name. */
  path(name: string): string;
  /** Writes a file and returns its path. */
  write(name: string, content: Uint8Array): Promise<string>;
  read(name: string): Promise<Uint8Array>;
}

/** Hands `use` an empty folder to exchange files with a program in, and removes it whatever happens. */
export async function withFiles<R>(use: (files: WorkFiles) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'dicm-bench-'));
  const path = (name: string) => join(folder, name);
  try {
    return await use({
      path,
      write: async (name, content) => {
        await writeFile(path(name), content);
        return path(name);
      },
      read: async (name) => new Uint8Array(await readFile(path(name))),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

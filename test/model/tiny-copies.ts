import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';

/** The tiny seeded model. */
export const TINY = fileURLToPath(new URL('../../fixtures/models/tiny', import.meta.url));

/** Gives every test of the file an empty folder, which the returned function names. */
export function folderForTests(): () => string {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dicm-model-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  return () => folder;
}

/** Copies the tiny model and lets its manifest be changed. */
export async function copyTiny(
  copy: string,
  edit: (manifest: Record<string, unknown>) => void = () => {},
): Promise<string> {
  await cp(TINY, copy, { recursive: true });
  const path = join(copy, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
  return copy;
}

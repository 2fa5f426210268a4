import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { wrapPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { drawnPicture } from './drawn-picture.js';

/** A folder that is removed after the tests of the file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-bench-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder of drawn pictures, 96 x 64, `perClass` in each of the classes. */
export async function labelledFolder(classes: readonly string[], perClass: number): Promise<string> {
  const folder = scratchFolder();
  for (const [index, name] of classes.entries()) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < perClass; i++) {
      const file = await wrapPixels(drawnPicture(96, 64, index * perClass + i));
      writeFileSync(join(folder, name, `${i}.png`), file);
    }
  }
  return folder;
}

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/**
 * Builds the program before any test file runs, if it is older than its sources: command-line tests run it as it
 * is installed, and must never run yesterday's. Once for all workers, which would otherwise build over each other.
 */
export function setup(): void {
  const main = join(ROOT, 'dist/src/cli/main.js');
  const manual = join(ROOT, 'dist/dicm.1');
  const page = join(ROOT, 'dist/web/index.html');
  const study = join(ROOT, 'dist/study/study.js');
  const isBuilt = [manual, main, page, study].every(existsSync);
  const sources = Math.max(newest(join(ROOT, 'src')), newest(join(ROOT, 'web')));
  if (isBuilt && sources <= Math.min(statSync(main).mtimeMs, statSync(page).mtimeMs)) return;
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  node('scripts/build-wasm.js');
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
  node('scripts/make-man-page.js');
  node('scripts/build-web.js', '--without-model');
}

function newest(folder: string): number {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { MODULE_LOG_HOOK } from '../module-log.js';
import { MODELS, PROGRAM, ROOT, scratchFolder } from './run-cli.js';

const SAMPLE = join(ROOT, 'fixtures/conformance/valid/one-tile-with-source.dicm');
const folder = scratchFolder();
const env = { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' };

beforeAll(() => {
  writeFileSync(join(folder, 'hooks.mjs'), MODULE_LOG_HOOK);
  writeFileSync(
    join(folder, 'register.mjs'),
    `import { register } from 'node:module';
     register('./hooks.mjs', import.meta.url);
     process.on('exit', () => console.error(process.report.getReport().sharedObjects.join('\\n')));`,
  );
});

/** Runs the program and notes what it loads. */
function runLogged(args: string[]): { stdout: string; loaded: string[] } {
  const register = pathToFileURL(join(folder, 'register.mjs')).href;
  const run = spawnSync(process.execPath, ['--import', register, PROGRAM, ...args], {
    encoding: 'utf8',
    env,
  });
  expect(run.status, run.stderr).toBe(0);
  return { stdout: run.stdout, loaded: run.stderr.trim().split('\n') };
}

/** Executors, the image library, and what only they need. */
function checkLight(loaded: string[]): void {
  for (const url of loaded) {
    expect(url).not.toMatch(/sharp|vips|onnxruntime|tensorflow|cli-progress/);
    expect(url).not.toMatch(/dist\/src\/(networks|hyperprior|entropy|tasks|bench|evaluation)\//);
    expect(url).not.toMatch(
      /dist\/src\/(platform\/node\/(executors|pictures)|nn\/onnx|nn\/tfjs|codec\/(encode|decode|networks)|index\.js)/,
    );
  }
}

test('inspect loads neither executor, image library, networks nor weights', () => {
  const { stdout, loaded } = runLogged(['inspect', SAMPLE]);
  expect(stdout).toContain('512 x 341');
  // Every module takes half a millisecond; Node's cryptography and the parser of arguments take several.
  expect(loaded.filter((url) => url.startsWith('file:')).length).toBeLessThanOrEqual(56);
  expect(loaded).not.toContain('node:crypto');
  expect(loaded).not.toContain('node:child_process');
  expect(loaded.some((url) => url.endsWith('/container/read-info.js'))).toBe(true);
  checkLight(loaded);
  for (const url of loaded) expect(url).not.toMatch(/tinyglobby|commander/);
});

test.each([
  ['strip', '--layer', 'view'],
  ['cut', '--prefix', '--quiet'],
])('%s loads neither executor, image library nor networks', (...args) => {
  const sample = join(ROOT, 'fixtures/conformance/valid/two-layers.dicm');
  const { loaded } = runLogged([...args, sample, '-o', join(folder, `${args[0]}.dicm`)]);
  expect(loaded.some((url) => url.endsWith('/commander/index.js'))).toBe(true);
  checkLight(loaded);
});

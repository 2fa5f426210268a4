import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const MODEL = join(ROOT, 'packages/model-r50');

// biome-ignore lint/suspicious/noExplicitAny: what the tests look at is all that matters of these files
const readJson = (path: string): any => JSON.parse(readFileSync(path, 'utf8'));

/** Files that the tarball of a package would hold. */
function packed(folder: string): string[] {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(text)[0].files.map(({ path }: { path: string }) => path);
}

describe('the package of the model', () => {
  const manifest = readJson(join(MODEL, 'manifest.json'));

  test('holds the model, its licence, and nothing else', () => {
    const weights = manifest.weights.map(({ file }: { file: string }) => file);
    const wanted = [...weights, 'LICENSE', 'README.md', 'classes.json', 'manifest.json', 'package.json'];
    expect(packed(MODEL).sort()).toEqual(wanted.sort());
    expect(readJson(join(MODEL, 'package.json'))).toMatchObject({
      license: 'SEE LICENSE IN LICENSE',
      version: manifest.version,
    });
  });

  test('has its weights cut by use, none above 16 MB', () => {
    const uses = manifest.weights.map(({ use }: { use: string }) => use);
    expect([...new Set(uses)]).toEqual(['entropy', 'encoder', 'synthesis', 'tail', 'heads']);
    for (const { bytes } of manifest.weights) expect(bytes).toBeLessThanOrEqual(16e6);
  });
});

describe('the package of the code', () => {
  test('holds no weights and depends on the model optionally', () => {
    const files = packed('.');
    expect(files).toContain('bin/dicm.js');
    expect(files.filter((path) => /^packages|\.safetensors$/.test(path))).toEqual([]);
    expect(Object.keys(readJson(join(ROOT, 'package.json')).optionalDependencies)).toContain(
      'dicm-model-r50',
    );
  });
});

describe('without the package of the model', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dicm-alone-'));
    for (const part of ['package.json', 'bin', 'dist/src']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name.startsWith('.') || name === 'dicm-model-r50') continue;
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'bin/dicm.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, DICM_MODEL_PATH: '', DICM_MODEL: '' },
    });

  test('what needs a model says what to install', () => {
    for (const args of [
      ['encode', join(ROOT, 'fixtures/images/chelsea.png'), '-o', '-'],
      ['verify', join(ROOT, 'fixtures/released/chelsea-q40-1c1e0cca.dicm')],
    ]) {
      const { status, stderr } = run(...args);
      expect([status, stderr]).toEqual([
        6,
        expect.stringMatching(/no model[^;]*; there is none at all; .*: npm install dicm-model-r50 /),
      ]);
    }
    expect(run('models')).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/npm install dicm-model-r50/),
    });
  });

  test('a header is read all the same', () => {
    const { status, stdout } = run('inspect', join(ROOT, 'fixtures/released/chelsea-q40-1c1e0cca.dicm'));
    expect([status, stdout]).toEqual([0, expect.stringMatching(/not installed, decode id 1c1e0cca/)]);
  });
});

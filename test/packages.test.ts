import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manPage } from '../scripts/make-man-page.js';

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
    const wanted = [
      ...weights,
      manifest.search.file,
      manifest.ranges.file,
      'LICENSE',
      'README.md',
      'classes.json',
      'manifest.json',
      'package.json',
    ];
    expect(packed(MODEL).sort()).toEqual(wanted.sort());
    expect(readJson(join(MODEL, 'package.json'))).toMatchObject({
      license: 'SEE LICENSE IN LICENSE',
      version: manifest.version,
    });
  });

  test('has its weights cut by use, none above 16 MB', () => {
    const uses = manifest.weights.map(({ use }: { use: string }) => use);
    expect([...new Set(uses)]).toEqual([undefined, 'entropy', 'encoder', 'synthesis', 'tail', 'heads']);
    for (const { bytes } of manifest.weights) expect(bytes).toBeLessThanOrEqual(16e6);
  });
});

describe('the package of the view model', () => {
  test('holds the model, its licence, and nothing else', () => {
    const folder = join(ROOT, 'packages/model-dpc');
    const manifest = readJson(join(folder, 'manifest.json'));
    const weights = manifest.weights.map(({ file }: { file: string }) => file);
    const wanted = [...weights, 'LICENSE', 'README.md', 'manifest.json', 'package.json'];
    expect(packed(folder).sort()).toEqual(wanted.sort());
    expect(readJson(join(folder, 'package.json'))).toMatchObject({
      license: manifest.licence,
      version: manifest.version,
    });
    expect(
      manifest.weights.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0),
    ).toBeLessThan(16e6);
  });
});

describe('the package of the code', () => {
  test('holds no weights and depends on the model optionally', () => {
    const files = packed('.');
    expect(files).toContain('bin/dicm.js');
    expect(files.filter((path) => /^packages|\.safetensors$/.test(path))).toEqual([]);
    const optional = Object.keys(readJson(join(ROOT, 'package.json')).optionalDependencies);
    expect(optional).toEqual(expect.arrayContaining(['dicm-model-r50', 'dicm-model-dpc']));
  });

  test.each(['model', 'view-model'])(
    'holds the built page without a %s beside it, in less than 2 MB',
    (folder) => {
      const beside = join(ROOT, 'dist/web', folder);
      const isThere = existsSync(beside);
      if (!isThere) mkdirSync(beside);
      const stray = join(beside, 'stray.json');
      writeFileSync(stray, '{}');
      const page = packed('.').filter((path) => path.startsWith('dist/web/'));
      rmSync(isThere ? stray : beside, { recursive: true });
      expect(page).toContain('dist/web/index.html');
      expect(page).toContain('dist/web/licences.md');
      expect(page.filter((path) => path.startsWith(`dist/web/${folder}`))).toEqual([]);
      const bytes = page.map((path) => statSync(join(ROOT, path)).size);
      expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2e6);
    },
  );
});

test('the package holds the page of studies, in less than 200 kB', () => {
  const page = packed('.').filter((path) => path.startsWith('dist/study/'));
  const wanted = ['icon.svg', 'index.html', 'licences.md', 'study.css', 'study.js'];
  expect(page.sort()).toEqual(wanted.map((name) => `dist/study/${name}`));
  const bytes = page.map((path) => statSync(join(ROOT, path)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200e3);
});

describe('the repository', () => {
  test('has nothing that npm warns of at every call', () => {
    const { status, stderr } = spawnSync('npm', ['pkg', 'get', 'name'], { cwd: ROOT, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  test('keeps ONNX Runtime from downloading, and lets TensorFlow and SQLite', () => {
    const { allowScripts, optionalDependencies } = readJson(join(ROOT, 'package.json'));
    expect(allowScripts).toEqual({
      '@tensorflow/tfjs-node-gpu': true,
      'better-sqlite3': true,
      'onnxruntime-node': false,
    });
    expect(Object.keys(optionalDependencies)).toEqual(expect.arrayContaining(Object.keys(allowScripts)));
  });
});

describe('the documents of the package', () => {
  const files = new Set(packed('.'));
  const pages = [...files].filter((path) => path.endsWith('.md'));

  test.each(pages)('%s links to what is in the package', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
    const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
    const missing = links.filter((link) => !files.has(join(dirname(page), link)));
    expect(missing).toEqual([]);
  });

  test('are all there', () => {
    for (const page of ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/cli.md']) {
      expect(pages).toContain(page);
    }
  });

  test('have a man page made of one of them, which npm installs', () => {
    const { man, version } = readJson(join(ROOT, 'package.json'));
    // A list: npm passes over a single path in silence.
    expect(man).toEqual(['./dist/dicm.1']);
    expect(files).toContain('dist/dicm.1');
    const source = readFileSync(join(ROOT, 'docs/dicm.1.md'), 'utf8');
    const page = manPage(source, version);
    expect(page).toMatch(/^\.TH DICM 1 "" "dicm /m);
    // roff takes a plain hyphen for one of a word that may be broken; what is typed has another.
    expect(page).toContain('\\fB\\-q\\fR, \\fB\\-\\-quality\\fR \\fInumber\\fR');
    expect(page).not.toMatch(/\*\*|^:/m);
    expect(() => manPage(`${source}\n\n- a list`, version)).toThrow(/not known: - a list/);
  });

  const groff = spawnSync('groff', ['--version']).status === 0;
  test.skipIf(!groff)('a man page that groff has nothing to say about', () => {
    const input = manPage(readFileSync(join(ROOT, 'docs/dicm.1.md'), 'utf8'), '1.0.0');
    const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('--target-bytes');
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
      if (name.startsWith('.') || name.startsWith('dicm-model-')) continue;
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
    const view = run('encode', join(ROOT, 'fixtures/images/chelsea.png'), '-o', '-', '--view-only');
    expect([view.status, view.stderr]).toEqual([6, expect.stringMatching(/npm install dicm-model-dpc/)]);
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

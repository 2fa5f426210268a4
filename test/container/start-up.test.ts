import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSources } from '../../scripts/check-layers.js';
import { findImports } from '../../scripts/module-imports.js';
import { MODULE_LOG_HOOK } from '../module-log.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const SAMPLE = join(ROOT, 'fixtures/conformance/valid/one-tile-with-source.dicm');

/** All modules reached from `entry` by static or dynamic import. */
function reachable(entry: string): string[] {
  const sources = readSources(ROOT);
  const seen = new Set([entry]);
  for (const path of seen) {
    for (const { specifier } of findImports(sources.get(path) ?? '')) {
      const relative = specifier?.startsWith('.') === true;
      seen.add(
        relative
          ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
          : `package ${specifier}`,
      );
    }
  }
  return [...seen];
}

test('the container entry reaches container, bytes, errors and limits, and no package', () => {
  const modules = reachable('src/container/index.ts');
  expect(modules).toContain('src/bytes/crc32.ts');
  for (const path of modules)
    expect(path).toMatch(
      /^src\/(container\/|bytes\/|error(s|-codes)\.ts$|geometry\.ts$|limits\.ts$|near-name\.ts$)/,
    );
});

describe('the built container entry, in a process of its own', () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dicm-container-'));
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = ['--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
    const entry = join(ROOT, 'src/container/index.ts');
    // Compiled by itself, so that a mistake elsewhere does not fail this test.
    execFileSync(
      process.execPath,
      [
        compiler,
        ...options,
        '--ignoreConfig',
        '--rootDir',
        join(ROOT, 'src'),
        '--outDir',
        join(folder, 'built'),
        entry,
      ],
      { cwd: ROOT },
    );
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'hooks.js'), MODULE_LOG_HOOK);
    writeFileSync(
      join(folder, 'main.js'),
      `import { readFileSync } from 'node:fs';
       import { register } from 'node:module';
       register('./hooks.js', import.meta.url);
       const { readInfo } = await import('./built/container/index.js');
       const info = readInfo(readFileSync(process.argv[2]));
       console.log(JSON.stringify({ info, native: process.report.getReport().sharedObjects }));`,
    );
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('loads its own modules and nothing else', () => {
    const run = spawnSync(process.execPath, [join(folder, 'main.js'), SAMPLE], { encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
    const { info, native } = JSON.parse(run.stdout);
    expect(info.header).toMatchObject({ width: 512, height: 341, sourceWidth: 2560 });
    const loaded = run.stderr.trim().split('\n');
    const built = pathToFileURL(join(folder, 'built')).href;
    expect(loaded.length).toBeGreaterThan(10);
    for (const url of loaded)
      expect(url).toMatch(
        new RegExp(
          `^${built}/(container/|bytes/|error(s|-codes)\\.js|geometry\\.js|limits\\.js|near-name\\.js)`,
        ),
      );
    for (const library of native) expect(library).not.toMatch(/sharp|vips|onnxruntime|tensorflow/);
  });
});

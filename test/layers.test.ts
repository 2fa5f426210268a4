import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkLayers, checkPage, checkRules, readPage, readSources } from '../scripts/check-layers.js';
import { findCircles } from '../scripts/import-circles.js';
import { findExportShapes, findHostGlobals, findImports } from '../scripts/module-imports.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

test('the sources keep to the layers', () => {
  const sources = readSources(ROOT);
  expect(sources.size).toBeGreaterThan(20);
  expect(checkLayers(sources)).toEqual([]);
});

test('the page imports the library as any page would, and its own files', () => {
  const page = readPage(ROOT);
  expect(page.size).toBeGreaterThan(20);
  expect(checkPage(page)).toEqual([]);
  const study = new Map([
    [
      'web/study/a.ts',
      "import 'jspsych';\nimport '../../src/study/draw-trials.js';\nimport '../state/dom.js';\n",
    ],
    ['web/study/b.ts', "import 'dicm/browser';\n"],
    ['web/c.ts', "import 'jspsych';\n"],
  ]);
  expect(checkPage(study).map((line) => line.split(',')[0])).toEqual([
    'web/study/b.ts:1: imports dicm/browser',
    'web/c.ts:1: imports jspsych',
  ]);
  const past = new Map([
    ['web/work/x.ts', "import { encodePicture } from '../../src/codec/encode-picture.js';"],
  ]);
  expect(checkPage(past)).toEqual([expect.stringContaining('web/work/x.ts:1: imports ../../src/codec')]);
});

test('the rules allow nothing that the sources do not do', () => {
  expect(checkRules(readSources(ROOT))).toEqual([]);
});

test('where a change goes, architecture.md names files that there are', () => {
  const document = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const [, table] = document.split(/^(?:### Where a change goes|## Commands and jobs)$/m);
  // The first two lines are the head; names in the column of what is new are of files to come.
  const rows = table!
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
  const changed = rows.map((row) => row.split(' | ')[2]!);
  const named = changed.flatMap((cell) => cell.match(/(?<=`)[\w/-]+\.(?:ts|py|js)(?=`)/g) ?? []);
  expect(named.length).toBeGreaterThan(40);
  // Files beside one that is named with its folder are named alone.
  const folders = ['', 'src', 'src/container', 'src/profiles', 'src/cli/jobs', 'training/dicm_training'];
  const missing = named.filter((file) => !folders.some((folder) => existsSync(join(ROOT, folder, file))));
  expect(missing).toEqual([]);
});

/** A tree with one file of every part that the rules below import from. */
function violations(path: string, source: string): string[] {
  const files = new Map(
    [
      'src/index.ts',
      'src/session/open-codec.ts',
      'src/bench/benchmark.ts',
      'src/errors.ts',
      'src/limits.ts',
      'src/bytes/crc32.ts',
      'src/container/read-dicm.ts',
      'src/codec/encode.ts',
      'src/image/load.ts',
      'src/networks/head.ts',
      'src/nn/ops.ts',
      'src/cli/main.ts',
      'src/cli/reporter.ts',
      'src/entropy/range-encoder.ts',
      'src/platform/node/x.ts',
    ].map((name) => [name, '']),
  );
  return checkLayers(files.set(path, source));
}

describe('a rule is broken by', () => {
  test.each([
    ['an import from above', 'src/bytes/crc32.ts', "import { a } from '../container/read-dicm.js';", 'above'],
    ['a type from above', 'src/nn/ops.ts', "import type { A } from '../networks/head.js';", 'above'],
    ['an import() from above', 'src/nn/ops.ts', "await import('../networks/head.js');", 'above'],
    [
      'container that knows entropy',
      'src/container/read-dicm.ts',
      "import '../entropy/range-encoder.js';",
      'above',
    ],
    [
      'entropy that knows the container',
      'src/entropy/x.ts',
      "import '../container/read-dicm.js';",
      'may import only',
    ],
    [
      'a session that knows the benchmark',
      'src/session/open-codec.ts',
      "import '../bench/benchmark.js';",
      'above',
    ],
    [
      'sharp in the benchmark',
      'src/bench/benchmark.ts',
      "import sharp from 'sharp';",
      'only platform/node may',
    ],
    [
      'cli that goes past the library',
      'src/cli/main.ts',
      "import { a } from '../session/open-codec.js';",
      'may import only index',
    ],
    [
      'cli that goes past the entry of the container',
      'src/cli/main.ts',
      "import { a } from '../container/read-dicm.js';",
      'may import only index',
    ],
    ['tasks that see an image', 'src/tasks/x.ts', "import { a } from '../image/load.js';", 'may import only'],
    [
      'tasks that see a file',
      'src/tasks/x.ts',
      "import { readFile } from 'node:fs/promises';",
      'without Node',
    ],
    [
      'evaluation that sees an image',
      'src/evaluation/x.ts',
      "import { a } from '../image/load.js';",
      'may import only',
    ],
    [
      'evaluation that sees a file',
      'src/evaluation/x.ts',
      "import { readFile } from 'node:fs/promises';",
      'without Node',
    ],
    [
      'sharp outside the platform',
      'src/codec/encode.ts',
      "import sharp from 'sharp';",
      'only platform/node may',
    ],
    [
      'an executor outside platform and nn',
      'src/session/open-codec.ts',
      "const tf = await import('@tensorflow/tfjs-core');",
      'only platform/node and platform/web and nn may',
    ],
    [
      'onnxruntime outside the platform',
      'src/codec/encode.ts',
      "import * as ort from 'onnxruntime-node';",
      'only platform/node',
    ],
    [
      'commander outside cli',
      'src/session/open-codec.ts',
      "import { Command } from 'commander';",
      'only cli may',
    ],
    ['another package', 'src/cli/main.ts', "import chalk from 'chalk';", 'no part is allowed'],
    [
      'a package in the container',
      'src/container/read-dicm.ts',
      "import sharp from 'sharp';",
      'only platform/node may',
    ],
    ['Node in bytes', 'src/bytes/crc32.ts', "import { crc32 } from 'node:zlib';", 'without Node'],
    ['a global of Node in bytes', 'src/bytes/crc32.ts', 'export const a = Buffer.alloc(1);', 'without Node'],
    [
      'the environment in a session',
      'src/session/open-codec.ts',
      'const { HOME } = process.env;',
      'without Node',
    ],
    ['Node in nn', 'src/nn/ops.ts', "import { join } from 'node:path';", 'without Node'],
    [
      'the platform that knows what implements it',
      'src/platform/platform.ts',
      "import '../platform/node/x.js';",
      'above',
    ],
    [
      'a session that knows its platform',
      'src/session/open-codec.ts',
      "import '../platform/node/x.js';",
      'above',
    ],
    ['a file that imports itself', 'src/bytes/x.ts', "import './x.js';", 'src/bytes/x.ts -> src/bytes/x.ts'],
    ['an import without .js', 'src/cli/main.ts', "import { a } from './reporter';", 'end in .js'],
    ['a file that does not exist', 'src/cli/main.ts', "import { a } from './missing.js';", 'does not exist'],
    [
      'an import from outside src',
      'src/cli/main.ts',
      "import { a } from '../../scripts/x.js';",
      'outside src/',
    ],
    ['a computed import', 'src/codec/encode.ts', 'await import(name);', 'not a literal'],
    ['a default export', 'src/cli/main.ts', 'export default 1;', 'default export'],
    [
      'a renamed default export',
      'src/cli/main.ts',
      'const a = 1;\nexport { a as default };',
      'default export',
    ],
    ['a star in an entry', 'src/index.ts', "export * from './errors.js';", 're-exports everything'],
    ['a barrel', 'src/codec/x.ts', "export { a } from './encode.js';", 'only entries may'],
    ['a barrel of types', 'src/codec/x.ts', "export type { A } from './encode.js';", 'only entries may'],
    ['an index file', 'src/codec/index.ts', 'export const a = 1;', 'index file'],
    ['an unknown part', 'src/utils/x.ts', 'export const a = 1;', 'no part of src/'],
    [
      'networks and container in one part',
      'src/session/open-codec.ts',
      "import '../src/networks/head.js';\nimport '../container/read-dicm.js';\nimport '../networks/head.js';",
      'which only codec, profiles may',
    ],
  ])('%s', (_name, path, source, message) => {
    const found = violations(path, source);
    expect(found.join('\n')).toContain(message);
    expect(found.every((line) => line.startsWith('src/'))).toBe(true);
  });
});

describe('files in a circle', () => {
  test('are refused, types too, with the way round', () => {
    const files = new Map([
      ['src/bytes/a.ts', "import type { B } from './b.js';"],
      ['src/bytes/b.ts', "import { c } from './c.js';"],
      ['src/bytes/c.ts', "export const load = () => import('./a.js');"],
      ['src/bytes/d.ts', "import { a } from './a.js';"],
    ]);
    expect(checkLayers(files)).toEqual([
      'src/bytes/a.ts: imports itself in a circle: ' +
        'src/bytes/a.ts -> src/bytes/b.ts -> src/bytes/c.ts -> src/bytes/a.ts',
    ]);
  });

  test('are told once for each group, by a shortest way', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['a', 'd']],
      ['d', ['e']],
      ['e', ['d']],
      ['f', ['a']],
    ]);
    expect(findCircles(imports)).toEqual([
      ['a', 'c'],
      ['d', 'e'],
    ]);
  });

  test('are not seen where there is only a common import', () => {
    const imports = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);
    expect(findCircles(imports)).toEqual([]);
  });
});

describe('rules that are wider than the sources', () => {
  const upper = ['src/upper/a.ts', "import '../lower/b.js';\nimport { join } from 'node:path';"] as const;
  const lower = ['src/lower/b.ts', 'export const b = 1;'] as const;
  const files = new Map([upper, lower]);

  test('are silent when all is used', () => {
    expect(checkRules(files, { upper: { uses: ['lower'], host: true }, lower: { uses: [] } })).toEqual([]);
    expect(
      checkRules(files, { upper: { uses: [], files: ['src/lower/b.ts'] }, lower: { uses: [] } }),
    ).toEqual([]);
  });

  test.each([
    [
      'a part',
      { upper: { uses: ['middle', 'lower'] }, middle: { uses: [] }, lower: { uses: [] } },
      'upper may import middle',
    ],
    ['a file', { upper: { uses: ['lower'], files: ['src/lower/c.ts'] }, lower: { uses: [] } }, 'lower/c.ts'],
    ['Node', { upper: { uses: ['lower'] }, lower: { uses: [], host: true as const } }, 'lower may use Node'],
    ['a part above', { upper: { uses: ['lower'] }, lower: { uses: ['upper'] } }, 'does not lie below'],
  ])('%s that is allowed and not used is an error', (_name, layers, message) => {
    expect(checkRules(files, layers).join('\n')).toContain(message);
  });

  test('a part without files is an error', () => {
    expect(checkRules(new Map([lower]), { upper: { uses: ['lower'] }, lower: { uses: [] } })).toEqual([
      'scripts/layers.js: no file belongs to upper',
    ]);
  });
});

describe('no rule is broken by', () => {
  test.each([
    [
      'imports downwards',
      'src/codec/encode.ts',
      "import '../container/read-dicm.js';\nimport '../networks/head.js';",
    ],
    [
      'cli and its library',
      'src/cli/main.ts',
      "import '../index.js';\nimport './reporter.js';\nimport 'commander';",
    ],
    ['cli and the errors alone', 'src/cli/main.ts', "import '../errors.js';\nimport '../limits.js';"],
    ['sharp in the platform', 'src/platform/node/x.ts', "import sharp from 'sharp';"],
    ['an executor found at run time', 'src/platform/node/x.ts', 'const ort = await import(name);'],
    [
      'words in comments',
      'src/bytes/crc32.ts',
      "// import { a } from '../cli/main.js';\n/* export default 1 */",
    ],
    ['words in strings', 'src/bytes/crc32.ts', 'const help = "import sharp from \'sharp\'";'],
    [
      'a host that knows the platform it implements',
      'src/platform/node/x.ts',
      "import '../../codec/encode.js';\nimport 'node:fs';",
    ],
    ['properties named like globals', 'src/bytes/x.ts', 'const a = { process: 1 };\na.process;'],
    ['the entry', 'src/index.ts', "export { a } from './errors.js';\nexport type { L } from './limits.js';"],
  ])('%s', (_name, path, source) => {
    expect(violations(path, source)).toEqual([]);
  });
});

describe('the scanner', () => {
  test('reads every form of import, and its line', () => {
    const source = [
      "import 'a';",
      "import b from 'b';",
      "import {\n  c,\n  type D,\n} from 'c';",
      "import * as d from 'd';",
      "export { e } from 'e';",
      "export * as f from 'f';",
      "const g = await import('g');",
      "type H = typeof import('h');",
    ].join('\n');
    expect(findImports(source).map(({ specifier, line }) => [specifier, line])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 7],
      ['e', 8],
      ['f', 9],
      ['g', 10],
      ['h', 11],
    ]);
  });

  test('is not misled by what looks like an import', () => {
    const source = [
      'const url = import.meta.url;',
      'const pattern = /\'import "x" from `/;',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
      "const nested = `a ${`import ${'b'} from 'c'`} d`;",
      "export const from = 'y';",
      "export function load(path = 'z') {}",
      "const half = a / b; // from 'w'",
      "const quote = '\\'; import \"v\"';",
    ].join('\n');
    expect(findImports(source)).toEqual([]);
    expect(findExportShapes(source)).toEqual({ hasDefault: false, hasStar: false, reexports: false });
  });

  test('finds globals of Node in code only', () => {
    const source =
      "// process\nconst a = 'Buffer';\nawait new Promise(setImmediate);\nconst b: Buffer = c.Buffer;";
    expect(findHostGlobals(source)).toEqual([
      { name: 'setImmediate', line: 3 },
      { name: 'Buffer', line: 4 },
    ]);
  });

  test('still sees an import after literals that end oddly', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    const source = "const a = /[/'\"]/.test(b);\nconst c = `${d}'`;\nimport('e');\nimport 'f';";
    expect(findImports(source).map(({ specifier }) => specifier)).toEqual(['e', 'f']);
  });
});

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkLayers, readSources } from '../scripts/check-layers.js';
import { findExportShapes, findImports } from '../scripts/module-imports.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

test('the sources keep to the layers', () => {
  const sources = readSources(ROOT);
  expect(sources.size).toBeGreaterThan(20);
  expect(checkLayers(sources)).toEqual([]);
});

/** A tree with one file of every part that the rules below import from. */
function violations(path: string, source: string): string[] {
  const files = new Map(
    [
      'src/index.ts',
      'src/session.ts',
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
    ['a session that knows the benchmark', 'src/session.ts', "import './bench/benchmark.js';", 'above'],
    ['sharp in the benchmark', 'src/bench/benchmark.ts', "import sharp from 'sharp';", 'only image may'],
    [
      'cli that goes past the library',
      'src/cli/main.ts',
      "import { a } from '../session.js';",
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
    ['sharp outside image', 'src/codec/encode.ts', "import sharp from 'sharp';", 'only image may'],
    [
      'an executor outside nn',
      'src/session.ts',
      "const tf = await import('@tensorflow/tfjs-core');",
      'only nn may',
    ],
    [
      'onnxruntime outside nn',
      'src/codec/encode.ts',
      "import * as ort from 'onnxruntime-node';",
      'only nn may',
    ],
    ['commander outside cli', 'src/session.ts', "import { Command } from 'commander';", 'only cli may'],
    ['another package', 'src/cli/main.ts', "import chalk from 'chalk';", 'no part is allowed'],
    [
      'a package in the container',
      'src/container/read-dicm.ts',
      "import sharp from 'sharp';",
      'without packages',
    ],
    ['Node in bytes', 'src/bytes/crc32.ts', "import { crc32 } from 'node:zlib';", 'without Node'],
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
      'src/session.ts',
      "import '../src/networks/head.js';\nimport './container/read-dicm.js';\nimport './networks/head.js';",
      'only codec may',
    ],
  ])('%s', (_name, path, source, message) => {
    const found = violations(path, source);
    expect(found.join('\n')).toContain(message);
    expect(found.every((line) => line.startsWith('src/'))).toBe(true);
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
    ['sharp in image', 'src/image/load.ts', "import sharp from 'sharp';"],
    ['an executor found at run time', 'src/nn/ops.ts', 'const ort = await import(name);'],
    [
      'words in comments',
      'src/bytes/crc32.ts',
      "// import { a } from '../cli/main.js';\n/* export default 1 */",
    ],
    ['words in strings', 'src/bytes/crc32.ts', 'const help = "import sharp from \'sharp\'";'],
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

  test('still sees an import after literals that end oddly', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text under test
    const source = "const a = /[/'\"]/.test(b);\nconst c = `${d}'`;\nimport('e');\nimport 'f';";
    expect(findImports(source).map(({ specifier }) => specifier)).toEqual(['e', 'f']);
  });
});

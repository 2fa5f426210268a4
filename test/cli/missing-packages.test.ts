import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const PHOTO = join(PHOTOS, 'chelsea.png');
const coded = join(folder, 'a.dicm');

beforeAll(async () => {
  const made = await dicm(['encode', PHOTO, '--max-side', '64', '-o', coded]);
  expect(made.exitCode, made.stderr).toBe(0);
});

describe('sharp without its native part, as npm i --omit=optional leaves it', () => {
  const hook = join(folder, 'no-native-part.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (request, ...rest) {
      if (/^@img\\/sharp|sharp.*\\.node$/.test(request)) {
        throw Object.assign(new Error("Cannot find module '" + request + "'"), { code: 'MODULE_NOT_FOUND' });
      }
      return resolve.call(this, request, ...rest);
    };`,
  );
  const run = (...args: string[]) => dicm(args, { cwd: folder, nodeArgs: ['--require', hook] });

  test.each([
    ['encode', ['encode', PHOTO, '-o', 'b.dicm']],
    ['encode of several', ['encode', PHOTO, join(PHOTOS, 'coffee.png'), '-o', 'many']],
    ['an overlay', ['analyze', 'detect', 'a.dicm', '--overlay', 'b.png']],
    ['a heatmap', ['inspect', 'bitstream', 'a.dicm', '--heatmap', 'b.png']],
    ['bench', ['bench', 'classify', '.', '-o', 'bench']],
  ])('%s says once what to install', async (_, args) => {
    const result = await run(...args);
    expect(result.exitCode, result.stderr).toBe(6);
    const errors = result.stderr.split('\n').filter((line) => line.startsWith('error:'));
    expect(errors).toEqual([
      expect.stringMatching(
        /sharp cannot be loaded on .*npm install --include=optional sharp.*\[no-image-library\]$/,
      ),
    ]);
    expect(result.stderr).not.toMatch(/please report|internal/);
  });

  test.each([
    [['inspect', 'a.dicm']],
    [['inspect', 'bitstream', 'a.dicm']],
    [['verify', 'a.dicm']],
    [['decode', 'a.dicm', '-o', 'a.npy']],
    [['analyze', 'all', 'a.dicm']],
    [['analyze', 'embed', 'a.dicm']],
    [['models']],
  ])('%j needs no pictures', async (args) => {
    const result = await run(...args);
    expect(result.exitCode, result.stderr).toBe(0);
  });

  test('doctor says so, and ends with 6', async () => {
    const result = await run('doctor', '--json', '--backend', 'wasm');
    expect(result.exitCode).toBe(6);
    expect(jsonLines(result)[0]).toMatchObject({
      ...{ ok: false, backend: 'wasm', modelProblem: null },
      imageLibrary: { ok: false, reason: expect.stringContaining('npm install --include=optional sharp') },
    });
    expect((await run('doctor')).stdout).toMatch(/^pictures\n {2}sharp {2}missing {2}the image library/m);
  });
});

describe('onnxruntime-node that npm has dropped', () => {
  const hooks = join(folder, 'hooks.mjs');
  writeFileSync(
    hooks,
    `export async function resolve(specifier, context, next) {
      if (specifier !== 'onnxruntime-node') return next(specifier, context);
      const message = "Cannot find package 'onnxruntime-node' imported from " + context.parentURL;
      throw Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
    }`,
  );
  const register = join(folder, 'register.mjs');
  writeFileSync(
    register,
    `import { register } from 'node:module';\nregister(${JSON.stringify(pathToFileURL(hooks).href)});\n`,
  );
  const run = (...args: string[]) =>
    dicm(args, { cwd: folder, nodeArgs: ['--import', pathToFileURL(register).href] });
  const ADVICE = /ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node/;

  test('doctor says what to do', async () => {
    const result = await run('doctor', '--json');
    const { backends, backend, reason } = jsonLines(result)[0] as {
      backends: { name: string; ok: boolean; reason: string }[];
      backend: string;
      reason: string;
    };
    expect(backends.find(({ name }) => name === 'onnx')).toMatchObject({
      ...{ ok: false, reason: expect.stringMatching(ADVICE) },
    });
    expect(backend).not.toBe('onnx');
    if (backend === 'wasm') expect(reason).toMatch(ADVICE);
    const inWords = await run('doctor');
    expect(inWords.stdout).toMatch(ADVICE);
  });

  test('a run with -v says so, one without does its work', async () => {
    const verbose = await run('analyze', 'classify', 'a.dicm', '-v');
    expect(verbose.exitCode, verbose.stderr).toBe(0);
    expect(verbose.stderr).toMatch(/^backend onnx passed over: onnxruntime-node is not installed/m);
    expect(verbose.stderr).toMatch(ADVICE);
    const plain = await run('analyze', 'classify', 'a.dicm');
    expect([plain.exitCode, plain.stderr]).toEqual([0, '']);
  });

  test('asked for by name it is an error that says what to do', async () => {
    const result = await run('decode', 'a.dicm', '--backend', 'onnx', '-f', '-o', 'a.npy');
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toMatch(ADVICE);
  });
});

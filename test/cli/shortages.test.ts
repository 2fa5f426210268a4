import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeFailure } from '../../src/cli/exit-codes.js';
import { asOutputError } from '../../src/cli/write-output.js';
import { firstWorking } from '../../src/nn/first-working.js';
import { OnnxBackend } from '../../src/nn/onnx/onnx-backend.js';
import type { OrtModule } from '../../src/nn/onnx/ort.js';
import { dicm, jsonLines, MODELS, PHOTOS, PROGRAM, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const PHOTO = join(PHOTOS, 'chelsea.png');
const coded = join(folder, 'a.dicm');

beforeAll(async () => {
  const made = await dicm(['encode', PHOTO, '--max-side', '64', '-o', coded]);
  expect(made.exitCode, made.stderr).toBe(0);
});

/** A module for `--require` that makes a function of Node's fail from its first call with a file of these names on. */
function failing(name: string, source: string): string {
  const path = join(folder, `${name}.cjs`);
  writeFileSync(path, `${source}\nrequire('node:module').syncBuiltinESMExports();\n`);
  return path;
}

const systemError = (code: string) =>
  `Object.assign(new Error('${code}: it says, open'), { code: '${code}', errno: -1, syscall: 'open' })`;

/** `fs.promises` fails for files whose name matches. */
const failOn = (call: string, pattern: string, error: string) => `
  const fs = require('node:fs/promises');
  const real = fs.${call};
  fs.${call} = async (path, ...rest) => {
    if (/${pattern}/.test(String(path))) throw ${error};
    return real(path, ...rest);
  };`;

describe('too many open files', () => {
  test.skipIf(process.platform === 'win32')('with a small limit, wherever it is met', async () => {
    const codes = new Set<number | string | null | undefined>();
    for (const limit of [22, 26, 30, 34]) {
      const script = `ulimit -n ${limit}; exec "${process.execPath}" "${PROGRAM}" encode "${PHOTO}" -f -o "${folder}/x.dicm"`;
      const env = { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' };
      const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
        execFile('bash', ['-c', script], { env }, (error, _, said) => {
          resolve({ code: error === null ? 0 : error.code, stderr: said });
        });
      });
      codes.add(code as number);
      if (!stderr.includes('too many files are open')) continue;
      expect(stderr).toMatch(/^error: too many files are open: .*ulimit -n.*\[too-many-open-files\]\n$/);
      expect(code).toBe(7);
    }
    expect(codes).toContain(7);
  });

  test.each([
    ['a picture', 'open', 'chelsea\\.png$', ['encode', PHOTO, '-f', '-o', 'y.dicm']],
    ['a file', 'readFile', 'a\\.dicm$', ['decode', 'a.dicm', '-f', '-o', 'y.npy']],
    ['a model', 'open', 'safetensors$', ['verify', 'a.dicm']],
    ['the folder of models', 'readdir', 'models$', ['verify', 'a.dicm']],
    ['an output', 'open', 'tmp-dicm$', ['encode', PHOTO, '-f', '-o', 'y.dicm']],
    ['a folder of inputs', 'readdir', 'photos$', ['encode', '-r', 'photos', '-o', 'z']],
  ])('in opening %s: neither it nor stdout is blamed', async (_, call, pattern, args) => {
    await mkdir(join(folder, 'photos'), { recursive: true });
    await copyFile(PHOTO, join(folder, 'photos', 'chelsea.png'));
    const hook = failing(`fail-${call}`, failOn(call, pattern, systemError('EMFILE')));
    const result = await dicm(args, { cwd: folder, nodeArgs: ['--require', hook] });
    expect(result.exitCode, result.stderr).toBe(7);
    expect(result.stderr).toMatch(
      /too many files are open: the limit of this process .*`ulimit -n`.*--jobs 1.* \(it is \d+ here\) \[too-many-open-files\]/,
    );
    expect(result.stderr).not.toMatch(/stdout|cannot be|no model|please report/);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('of the system', async () => {
    const hook = failing('enfile', failOn('open', 'chelsea\\.png$', systemError('ENFILE')));
    const result = await dicm(['encode', PHOTO, '--json', '-f', '-o', coded], {
      nodeArgs: ['--require', hook],
    });
    expect(result.exitCode).toBe(7);
    expect(jsonLines(result)[0]).toMatchObject({
      ...{ schema: 'dicm.error/1', code: 'too-many-open-files' },
      message: expect.stringContaining('fs.file-max'),
    });
  });

  test('no executor is passed over for it', async () => {
    const error = new Error('libonnxruntime.so.1: cannot open shared object file: Too many open files');
    const opening = firstWorking([
      { name: 'onnx', load: () => Promise.reject(error) },
      { name: 'wasm', load: () => Promise.reject(new Error('not asked')) },
    ]);
    await expect(opening).rejects.toMatchObject({ code: 'too-many-open-files' });
  });

  test('an output is not blamed for what is read while it is written', () => {
    const error = Object.assign(new Error('EMFILE: open'), { code: 'EMFILE', syscall: 'open' });
    expect(asOutputError('stdout', error)).toMatchObject({ code: 'too-many-open-files' });
  });
});

describe('out of memory', () => {
  test.each([
    ['of an array', `new RangeError('Array buffer allocation failed')`],
    ['of a list', `new RangeError('Invalid array length')`],
    ['of the system', systemError('ENOMEM')],
    ['of WebAssembly', `new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')`],
  ])('%s is no bug of the program', async (_, error) => {
    const hook = failing('memory', failOn('open', 'chelsea\\.png$', error));
    const result = await dicm(['encode', PHOTO, '-f', '-o', join(folder, 'y.dicm')], {
      nodeArgs: ['--require', hook],
    });
    expect(result.exitCode, result.stderr).toBe(7);
    expect(result.stderr).toMatch(
      /not enough memory .*--max-side.*--jobs 1.*maxSourcePixels.*\[out-of-memory\]/,
    );
    expect(result.stderr).not.toMatch(/please report|internal/);
  });

  test('one picture of several: the others go on', async () => {
    await mkdir(join(folder, 'several'), { recursive: true });
    for (const name of ['large.png', 'small.png']) await copyFile(PHOTO, join(folder, 'several', name));
    const hook = failing(
      'one',
      failOn('open', 'large\\.png$', `new RangeError('Array buffer allocation failed')`),
    );
    const args = ['encode', '-r', 'several', '-o', 'made', '--max-side', '64', '--json'];
    const result = await dicm(args, { cwd: folder, nodeArgs: ['--require', hook] });
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result).map(({ schema, code }) => code ?? schema)).toEqual([
      'out-of-memory',
      'dicm.encode/1',
    ]);
  });

  test('an array that a lifted limit lets through', () => {
    let thrown: unknown;
    try {
      new Float32Array(2 ** 40);
    } catch (error) {
      thrown = error;
    }
    expect(describeFailure(thrown)).toMatchObject({ code: 'out-of-memory', exitCode: 7 });
  });

  test('of ONNX Runtime, which says so in its own words', async () => {
    const message =
      'Non-zero status code returned while running Conv node. Name:"conv_3" Status Message: ' +
      'bfc_arena.cc:359 AllocateRawInternal Failed to allocate memory for requested buffer of size 268435456';
    const session = { run: () => Promise.reject(new Error(message)), release: async () => {} };
    class Tensor {}
    const ort = {
      env: { versions: {} },
      InferenceSession: { create: async () => session },
      ...{ Tensor, listSupportedBackends: () => [] },
    } as unknown as OrtModule;
    const backend = new OnnxBackend(ort, ['cpu'], undefined);
    const network = await backend.compile(
      { inputs: () => ({ x: { channels: 1, multiple: 1 } }), build: (_, { x }) => ({ y: x }) },
      new Map() as never,
    );
    const running = network.run({ x: { data: new Float32Array(1), height: 1, width: 1, channels: 1 } });
    await expect(running).rejects.toMatchObject({
      ...{ code: 'backend-memory', exitCode: 6 },
      message: expect.stringMatching(/for want of memory: .*268435456; .*--max-side.*--jobs 1.*--backend/),
    });
  });
});

import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FormatError, ResourceError } from '../src/errors.js';
import { nameShortage } from '../src/shortage.js';

/** What a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('memory', () => {
  test.each<[string, () => unknown]>([
    ['an array buffer', () => new ArrayBuffer(2 ** 52)],
    ['a typed array', () => new Float32Array(2 ** 40)],
    ['a list', () => Array.from({ length: 2 ** 32 })],
    ['a string', () => 'a'.repeat(2 ** 30)],
    ['a buffer', () => Buffer.alloc(2 ** 50)],
  ])('%s that this machine has not', (_, make) => {
    const error = nameShortage(thrownBy(make));
    expect(error).toBeInstanceOf(ResourceError);
    expect(error).toMatchObject({ code: 'out-of-memory', exitCode: 7, cause: expect.any(RangeError) });
    expect((error as Error).message).toMatch(
      /not enough memory \(.+\); .*--max-side.*--jobs.*maxSourcePixels/,
    );
  });

  test.each([
    'WebAssembly.Memory.grow(): Unable to grow instance memory',
    'WebAssembly.Memory.grow(): Maximum memory size exceeded',
    'WebAssembly.Memory(): could not allocate memory',
    'WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance',
    'Non-zero status code returned while running Conv node. Failed to allocate memory for requested buffer of size 268435456',
    'std::bad_alloc',
    'CUDA failure 2: out of memory ; GPU=0',
    'OOM when allocating tensor with shape[1,256,72,72]',
    'vips_tracked: out of memory --- size == 1024MB\nvips2raw: failed',
    'Input buffer has corrupt header: VipsJpeg: Insufficient memory (case 4)',
    'Cannot create a string longer than 0x1fffffe8 characters',
    'libonnxruntime.so.1: failed to map segment from shared object',
    'Invalid input: Unspecified: Memory allocation error (2.0)',
    'dlopen: libonnxruntime.so.1: failed to map segment: Cannot allocate memory',
  ])('%s', (message) => {
    expect(nameShortage(new Error(message))).toMatchObject({ code: 'out-of-memory' });
  });

  test('what the system says', () => {
    const error = Object.assign(new Error('ENOMEM: not enough memory, read'), { code: 'ENOMEM' });
    expect(nameShortage(error)).toMatchObject({ code: 'out-of-memory' });
  });
});

describe('open files', () => {
  test.each([
    ['EMFILE', /ulimit -n.*--jobs 1/],
    ['ENFILE', /fs\.file-max.*--jobs 1/],
  ])('%s', (code, advice) => {
    const error = Object.assign(new Error(`${code}: open 'a.jpg'`), { code, syscall: 'open' });
    expect(nameShortage(error)).toMatchObject({
      ...{ code: 'too-many-open-files', exitCode: 7, message: expect.stringMatching(advice) },
    });
  });

  test('what the loader of libraries says', () => {
    const error = new Error('libonnxruntime.so.1: cannot open shared object file: Too many open files');
    expect(nameShortage(error)).toMatchObject({ code: 'too-many-open-files' });
  });
});

test.each(['spawn /usr/bin/x265 EAGAIN', 'glib: Error creating thread: Resource temporarily unavailable'])(
  'threads: %s',
  (message) => {
    expect(nameShortage(new Error(message))).toMatchObject({
      ...{
        code: 'too-many-threads',
        exitCode: 7,
        message: expect.stringMatching(/ulimit -u.*--jobs 1.*--threads 1/),
      },
    });
  },
);

test('WebAssembly that lacks addresses only', () => {
  const said = 'WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance';
  expect((nameShortage(new RangeError(said)) as Error).message).toMatch(
    /ulimit -v.*--disable-wasm-trap-handler.*--max-side/,
  );
});

describe('what is none of them stays as it is', () => {
  test.each<[string, unknown]>([
    ['a negative length', thrownBy(() => new Float32Array(-1))],
    ['a wrong range', thrownBy(() => (1.5).toFixed(200))],
    ['a negative size', thrownBy(() => Buffer.alloc(-1))],
    ['a bug', new TypeError('x is undefined')],
    ['a file that is not there', thrownBy(() => closeSync(openSync('/no/such/file', 'r')))],
    [
      'a file that is called so',
      thrownBy(() => openSync('/no/out of memory/std::bad_alloc: Too many open files', 'r')),
    ],
    ['an error with a name', new FormatError('truncated', 'out of memory, says the file')],
    ['text', 'out of memory'],
    ['a claim too large', new Error('Memory allocation error: Security limit exceeded: 9 pixels')],
    ['nothing', undefined],
  ])('%s', (_, error) => {
    expect(nameShortage(error)).toBe(error);
  });
});

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { removeUnfinishedFiles } from '../../src/cli/temporary-files.js';
import { writeOutput } from '../../src/cli/write-output.js';
import { OutputError } from '../../src/index.js';
import { scratchFolder } from './run-cli.js';

/** What the next file that is opened for writing fails with, after so many bytes. */
const fault: { code?: string; step?: 'write' | 'sync'; afterBytes: number } = { afterBytes: 0 };

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const fail = (syscall: string) =>
    Promise.reject(Object.assign(new Error(`${fault.code}: ${syscall}`), { code: fault.code, syscall }));
  const open: typeof real.open = async (...args) => {
    const file = await real.open(...args);
    let written = 0;
    const write = file.write.bind(file) as (...values: unknown[]) => Promise<{ bytesWritten: number }>;
    const sync = file.sync.bind(file);
    return Object.assign(file, {
      write: async (bytes: Uint8Array, at: number, length: number) => {
        if (fault.step === 'write' && written + length > fault.afterBytes) {
          if (written < fault.afterBytes) await write(bytes, at, fault.afterBytes - written);
          return fail('write');
        }
        written += length;
        // Half of it at a time, as a file system may.
        return write(bytes, at, Math.max(1, length >> 1));
      },
      sync: () => (fault.step === 'sync' ? fail('fsync') : sync()),
    }) as never;
  };
  return { ...real, open };
});

const folder = scratchFolder();
let root: string;
let round = 0;
beforeEach(async () => {
  root = join(folder, `round-${round++}`);
  await mkdir(root);
  Object.assign(fault, { code: undefined, step: undefined, afterBytes: 0 });
});

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('writeOutput', () => {
  test('writes whole content however little each write takes', async () => {
    const path = join(root, 'out');
    expect(await writeOutput(path, pieces('one ', 'two ', 'three'), { force: false })).toBe(13);
    expect(await readFile(path, 'utf8')).toBe('one two three');
    expect(await readdir(root)).toEqual(['out']);
  });

  test.each([
    ['ENOSPC', 'write', 'disk-full'],
    ['EDQUOT', 'write', 'disk-full'],
    ['EFBIG', 'write', 'file-too-large'],
    ['EIO', 'write', 'output-failed'],
    ['ENOSPC', 'sync', 'disk-full'],
    ['EROFS', 'sync', 'output-denied'],
  ] as const)('%s at %s is %s and leaves everything as it was', async (code, step, expected) => {
    const path = join(root, 'out');
    await writeFile(path, 'old');
    Object.assign(fault, { code, step, afterBytes: 5 });
    const error = await writeOutput(path, Buffer.alloc(50, 'x'), { force: true }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OutputError);
    expect(error).toMatchObject({ code: expected, exitCode: 5 });
    expect((error as OutputError).message).toContain(path);
    expect(await readdir(root)).toEqual(['out']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('a file that appears while writing is not replaced without force', async () => {
    const path = join(root, 'out');
    const content = async function* () {
      yield Buffer.from('mine');
      await writeFile(path, 'theirs');
    };
    await expect(writeOutput(path, content(), { force: false })).rejects.toThrow(/exists already/);
    expect(await readFile(path, 'utf8')).toBe('theirs');
    expect(await readdir(root)).toEqual(['out']);
  });

  test('an abort while writing leaves nothing', async () => {
    const controller = new AbortController();
    const content = async function* () {
      yield Buffer.from('half');
      controller.abort(new Error('stop'));
      yield Buffer.from('rest');
    };
    const writing = writeOutput(join(root, 'out'), content(), { force: false, signal: controller.signal });
    await expect(writing).rejects.toThrow('stop');
    expect(await readdir(root)).toEqual([]);
  });

  test('unfinished files can be removed at any moment', async () => {
    const content = async function* () {
      yield Buffer.from('half');
      expect(await readdir(root)).toHaveLength(1);
      removeUnfinishedFiles();
      expect(await readdir(root)).toEqual([]);
    };
    const error = await writeOutput(join(root, 'out'), content(), { force: false }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OutputError);
    expect(await readdir(root)).toEqual([]);
  });

  test('a directory and a missing folder have names of their own', async () => {
    await mkdir(join(root, 'dir'));
    const codes = [];
    for (const path of [join(root, 'dir'), join(root, 'no', 'out'), join(root, 'n'.repeat(300))]) {
      const error = await writeOutput(path, Buffer.from('x'), { force: true }).catch((e: unknown) => e);
      codes.push((error as OutputError).code);
    }
    expect(codes).toEqual(['output-is-directory', 'output-no-folder', 'output-bad-name']);
  });
});

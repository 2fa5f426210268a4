import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from './fake-terminal.js';
import { dicm, MODELS, PHOTOS, PROGRAM, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const photo = join(PHOTOS, 'chelsea.png');
const file = join(folder, 'chelsea.dicm');
const small = ['--max-side', '64'];

beforeAll(async () => {
  expect((await dicm(['encode', photo, '-o', file, ...small])).exitCode).toBe(0);
});

describe('stdin and stdout', () => {
  test('give the same bytes as files', async () => {
    const stdin = await readFile(photo);
    const piped = await dicm(['encode', '-', ...small], { stdin });
    expect(piped.exitCode, piped.stderr).toBe(0);
    expect(piped.bytes).toEqual(await readFile(file));
    expect((await dicm(['encode', photo, '-o', '-', ...small])).bytes).toEqual(piped.bytes);

    expect((await dicm(['verify', '-'], { stdin: piped.bytes })).exitCode).toBe(0);
    const inspected = await dicm(['inspect', '--json', '-'], { stdin: piped.bytes });
    expect(JSON.parse(inspected.stdout)).toMatchObject({ file: '-', bytes: piped.bytes.length });
    const classified = await dicm(['analyze', 'classify', '-', '--top', '1'], { stdin: piped.bytes });
    expect(classified.stdout).toMatch(/^-\n {2}0\.\d+ {2}class/);
    const decoded = await dicm(['decode', '-', '-o', '-'], { stdin: piped.bytes });
    expect(decoded.bytes.subarray(1, 6).toString()).toBe('NUMPY');
  });

  test('stdin can be written to a file, and is read once', async () => {
    const output = join(folder, 'from-stdin.dicm');
    const stdin = await readFile(photo);
    expect((await dicm(['encode', '-', '-o', output, ...small], { stdin })).exitCode).toBe(0);
    expect(await readFile(output)).toEqual(await readFile(file));
    expect((await dicm(['encode', '-', '-', '-o', folder], { stdin })).exitCode).toBe(2);
  });

  test('nothing on stdin is an error with a name', async () => {
    const encoded = await dicm(['encode', '-', ...small]);
    expect([encoded.exitCode, encoded.stderr]).toEqual([3, expect.stringContaining('empty')]);
    expect((await dicm(['inspect', '-'])).exitCode).toBe(3);
  });

  test('without an end stop at the limit', async () => {
    const limit = ['--limit', 'maxFileBytes=5000000', '--limit', 'maxArrayBytes=5000000'];
    const stdin = new Uint8Array(20_000_000);
    for (const args of [
      ['verify', '-'],
      ['analyze', 'classify', '-'],
      ['encode', '-', '-o', join(folder, 'endless.dicm')],
    ]) {
      const result = await dicm([...args, ...limit], { stdin });
      expect(result.exitCode, result.stderr).toBe(7);
      expect(result.stderr).toMatch(/max(File|Array)Bytes/);
    }
    if (process.platform === 'win32') return;
    const device = await dicm(['inspect', '/dev/zero', ...limit]);
    expect(device.exitCode, device.stderr).toBe(7);
  });

  test('JSON and data do not mix', async () => {
    const result = await dicm(['encode', photo, '-o', '-', '--json']);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ schema: 'dicm.error/1', code: 'stdout-conflict' });
  });

  test('two results do not go to one stdout', async () => {
    const result = await dicm(['encode', photo, join(PHOTOS, 'coffee.png'), '-o', '-']);
    expect([result.exitCode, result.bytes.length]).toEqual([2, 0]);
  });
});

describe('on a terminal', () => {
  test('binary data is refused, before any work', async () => {
    for (const args of [
      ['encode', photo, '-o', '-'],
      ['decode', file, '-o', '-'],
    ]) {
      const terminal = fakeTerminal({ tty: true });
      expect(await main(args, terminal)).toBe(2);
      expect(terminal.written.stdout).toBe('');
      expect(terminal.written.stderr).toContain('stdout-is-terminal');
    }
  });

  test('stdin is not waited for', async () => {
    const terminal = fakeTerminal({ tty: true });
    expect(await main(['inspect', '-'], terminal)).toBe(2);
    expect(terminal.written.stderr).toContain('stdin-is-terminal');
  });

  test('bars are drawn, and not when quiet or in a pipe', async () => {
    vi.stubEnv('DICM_MODEL_PATH', MODELS);
    vi.stubEnv('DICM_MODEL', 'tiny');
    const paint = async (options: { tty?: boolean }, ...more: string[]) => {
      const terminal = fakeTerminal(options);
      const args = ['encode', photo, join(PHOTOS, 'rocket.jpg'), '-o', join(folder, 'bars'), '-f', ...small];
      expect(await main([...args, '--backend', 'wasm', ...more], terminal)).toBe(0);
      return terminal.written.stderr;
    };
    const drawn = await paint({ tty: true });
    expect(drawn).toMatch(/encoding [#-]+ \d\/2 files/);
    expect(drawn).toContain('chelsea.dicm');
    // The cursor comes back.
    expect(drawn.lastIndexOf('\u001b[?25h')).toBeGreaterThan(drawn.lastIndexOf('\u001b[?25l'));
    expect(await paint({ tty: true }, '--quiet')).toBe('');
    expect(await paint({})).not.toContain('#');
    vi.unstubAllEnvs();
  });
});

describe('a reader that goes away', () => {
  const closeEarly = (args: string[], stdio: 'pipe' | number) =>
    new Promise<{ exitCode: number | null; stderr: string }>((resolve) => {
      const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
        env: { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' },
        stdio: ['ignore', stdio, 'pipe'],
      });
      let stderr = '';
      child.stderr!.on('data', (piece) => {
        stderr += piece;
      });
      child.stdout?.destroy();
      child.on('close', (exitCode) => resolve({ exitCode, stderr }));
    });

  test('ends the program quietly', async () => {
    const many = Array.from({ length: 400 }, () => file);
    expect(await closeEarly(['inspect', '--json', ...many], 'pipe')).toEqual({ exitCode: 5, stderr: '' });
    expect(await closeEarly(['decode', file, '-o', '-'], 'pipe')).toEqual({ exitCode: 5, stderr: '' });
  });

  test.runIf(process.platform === 'linux')('a full device is said', async () => {
    const full = openSync('/dev/full', 'w');
    const result = await closeEarly(['decode', file, '-o', '-'], full);
    expect(result).toEqual({ exitCode: 5, stderr: expect.stringContaining('no space left') });
  });
});

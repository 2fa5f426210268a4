import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll } from 'vitest';

/** Root of the repository. */
export const ROOT = resolve(import.meta.dirname, '../..');
/** The program as it is installed; test/build-once.ts has built it. */
export const PROGRAM = join(ROOT, 'bin/dicm.js');
/** Photographs that come with the project. */
export const PHOTOS = join(ROOT, 'fixtures/images');
/** Folder of the tiny seeded model. */
export const MODELS = join(ROOT, 'fixtures/models');

/** How a run of the program ended. */
export interface Result {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Stdout as bytes. */
  bytes: Buffer;
}

/** Settings of a run. */
export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  stdin?: Uint8Array;
  uid?: number;
  /** Called with the running process. */
  onStart?(child: ChildProcessByStdio<Writable, Readable, Readable>): void;
  /** Options of Node itself. */
  nodeArgs?: string[];
}

/** Runs `dicm` as a process of its own, with the tiny model and one CPU thread. */
export function dicm(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), PROGRAM, ...args], {
    cwd: options.cwd,
    uid: options.uid,
    env: {
      ...process.env,
      DICM_MODEL_PATH: MODELS,
      DICM_MODEL: 'tiny',
      NO_COLOR: '',
      FORCE_COLOR: undefined,
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return collect(child, options);
}

/** Gathers what a process prints and how it ends. */
function collect(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  { stdin, onStart }: RunOptions = {},
): Promise<Result> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin ?? new Uint8Array());
  onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      const bytes = Buffer.concat(out);
      resolve({ exitCode, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** A folder that is removed after the tests of the file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The objects of `--json` output, one a line. */
export function jsonLines(result: Result): Record<string, unknown>[] {
  return result.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

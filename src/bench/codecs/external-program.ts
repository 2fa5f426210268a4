import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { BackendError } from '../../errors.js';
import { nameShortage } from '../../shortage.js';
import type { CodecHooks } from './picture-codec.js';

/**
 * Looks for a program in the folders of a PATH.
 *
 * @param searchPath - Value of `$PATH`.
 * @returns Its path; undefined where no folder has it.
 */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  for (const folder of searchPath.split(delimiter)) {
    if (folder === '') continue;
    for (const candidate of names) {
      const path = join(folder, candidate);
      const usable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (usable) return path;
    }
  }
  return undefined;
}

/** How a program ended. */
export interface ProgramResult {
  stdout: string;
  stderr: string;
}

/** Time a program gets for one picture: the slowest encoders take seconds. */
const TIMEOUT_MS = 300_000;

/** Time between two looks at a program's memory; its peak is kept by the system, so few looks are enough. */
const MEMORY_POLL_MS = 20;

/** Of what a program prints, this much is kept. */
const MAX_OUTPUT_CHARACTERS = 100_000;

/**
 * Runs an external codec to its end.
 *
 * @throws ResourceError
 * @throws BackendError `program-failed` when it cannot be started, ends with an error, or takes too long.
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  hooks: CodecHooks & { cwd?: string; acceptFailure?: boolean } = {},
): Promise<ProgramResult> {
  hooks.signal?.throwIfAborted();
  const child = spawn(path, args, { cwd: hooks.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    // Not there where it could not be started for want of file descriptors.
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length < MAX_OUTPUT_CHARACTERS) output[name] += text;
    });
  }
  const stop = () => child.kill('SIGKILL');
  hooks.signal?.addEventListener('abort', stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, TIMEOUT_MS);
  const memory = hooks.onProgramMemory === undefined ? undefined : watchMemory(child.pid);
  try {
    const exit = await new Promise<string | undefined>((resolve, reject) => {
      child.on('error', (error) => {
        const shortage = nameShortage(error);
        if (shortage === error) resolve(error.message);
        else reject(shortage);
      });
      child.on('close', (code, signal) => resolve(code === 0 ? undefined : describeExit(code, signal)));
    });
    hooks.signal?.throwIfAborted();
    if (exit !== undefined && hooks.acceptFailure !== true) {
      const reason = late ? `no result after ${TIMEOUT_MS / 1000} s` : exit;
      throw new BackendError('program-failed', `${basename(path)}: ${reason}${lastWords(output)}`);
    }
    if (memory !== undefined) hooks.onProgramMemory?.(memory.peakBytes);
    return output;
  } finally {
    clearTimeout(timer);
    memory?.stop();
    hooks.signal?.removeEventListener('abort', stop);
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

/** The last line a program printed; encoders put the reason there. */
function lastWords({ stdout, stderr }: ProgramResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const last = lines.filter((line) => line !== '').at(-1);
  return last === undefined ? '' : `: ${last.slice(0, 300)}`;
}

/** Follows the peak resident memory of a process where the system tells it (Linux); 0 elsewhere. */
function watchMemory(pid: number | undefined): { peakBytes: number; stop(): void } {
  const watch = { peakBytes: 0, stop: () => clearInterval(timer) };
  const look = async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kilobytes !== undefined) watch.peakBytes = Math.max(watch.peakBytes, 1024 * Number(kilobytes));
  };
  const timer = setInterval(look, MEMORY_POLL_MS);
  if (process.platform !== 'linux') clearInterval(timer);
  else void look();
  return watch;
}

/** Files of one run of a program, in a folder of their own. */
export interface WorkFiles {
  /** Path of a file of this name. */
  path(name: string): string;
  /** Writes a file and returns its path. */
  write(name: string, content: Uint8Array): Promise<string>;
  read(name: string): Promise<Uint8Array>;
}

/** Hands `use` an empty folder to exchange files with a program in, and removes it whatever happens. */
export async function withFiles<R>(use: (files: WorkFiles) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'dicm-bench-'));
  const path = (name: string) => join(folder, name);
  try {
    return await use({
      path,
      write: async (name, content) => {
        await writeFile(path(name), content);
        return path(name);
      },
      read: async (name) => new Uint8Array(await readFile(path(name))),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

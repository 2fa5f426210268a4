import { fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { FileOutput } from './file-output.js';

/** The name that stands for stdin or stdout. */
export const STANDARD = '-';

/** A stream that may be a terminal. */
export type Output = Writable & { isTTY?: boolean; columns?: number };

/** Everything of the outside world that a run talks to; tests give their own. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  env: NodeJS.ProcessEnv;
  /** Where the signals that ask a program to stop arrive. */
  signals: { on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown };
  /** Ends the program at once. */
  exit(exitCode: number): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stderr, env } = process;
  const stdout = isFile(STDOUT) ? new FileOutput(STDOUT) : process.stdout;
  return { stdin, stdout, stderr, env, signals: process, exit: (exitCode) => process.exit(exitCode) };
}

const STDOUT = 1;

/** Whether a descriptor is of a file or a device: all that is written to it at once, no terminal, pipe or socket. */
function isFile(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return status.isFile() || status.isBlockDevice() || (status.isCharacterDevice() && !isatty(descriptor));
  } catch {
    return false;
  }
}

/** Whether to colour what is written to `stream` (https://no-color.org). */
export function wantsColour(stream: Output, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

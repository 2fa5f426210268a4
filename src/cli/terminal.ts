import type { Readable, Writable } from 'node:stream';

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
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, env, signals: process, exit: (exitCode) => process.exit(exitCode) };
}

/** Whether to colour what is written to `stream` (https://no-color.org). */
export function wantsColour(stream: Output, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

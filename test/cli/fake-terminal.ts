import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { Terminal } from '../../src/cli/terminal.js';
import { MODELS } from './run-cli.js';

/** A terminal whose output is kept. */
export interface FakeTerminal extends Terminal {
  readonly written: { stdout: string; stderr: string };
  /** Sends a signal by emitting its name. */
  readonly signals: EventEmitter;
  /** Exit codes with which the run was cut short. */
  readonly forcedExits: number[];
}

/** Builds a terminal that remembers what is written to it. */
export function fakeTerminal(
  options: {
    tty?: boolean;
    env?: NodeJS.ProcessEnv;
    stdin?: Uint8Array;
    /** Whether whoever writes to stdin goes on after that. */
    keepStdinOpen?: boolean;
    /** Called after each piece that is written to stderr, with all of it so far. */
    onTalk?(stderr: string): void;
  } = {},
): FakeTerminal {
  const written = { stdout: '', stderr: '' };
  const forcedExits: number[] = [];
  const output = (name: 'stdout' | 'stderr') => {
    const stream = new Writable({
      write(piece, _, done) {
        written[name] += Buffer.from(piece).toString('latin1');
        if (name === 'stderr') options.onTalk?.(written.stderr);
        done();
      },
    });
    return Object.assign(stream, { isTTY: options.tty === true, columns: 80 });
  };
  const stdin = new PassThrough();
  if (options.stdin !== undefined) stdin.write(options.stdin);
  if (options.keepStdinOpen !== true) stdin.end();
  return {
    stdin: Object.assign(stdin, { isTTY: options.tty === true && options.stdin === undefined }),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: { DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny', TERM: 'xterm', ...options.env },
    signals: new EventEmitter(),
    exit: (exitCode) => void forcedExits.push(exitCode),
    forcedExits,
    written,
  };
}

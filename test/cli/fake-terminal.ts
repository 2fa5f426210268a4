import { PassThrough, Writable } from 'node:stream';
import type { Terminal } from '../../src/cli/terminal.js';
import { MODELS } from './run-cli.js';

/** A terminal whose output is kept. */
export interface FakeTerminal extends Terminal {
  readonly written: { stdout: string; stderr: string };
}

/** Builds a terminal that remembers what is written to it. */
export function fakeTerminal(
  options: { tty?: boolean; env?: NodeJS.ProcessEnv; stdin?: Uint8Array } = {},
): FakeTerminal {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const stream = new Writable({
      write(piece, _, done) {
        written[name] += Buffer.from(piece).toString('latin1');
        done();
      },
    });
    return Object.assign(stream, { isTTY: options.tty === true, columns: 80 });
  };
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? new Uint8Array());
  return {
    stdin: Object.assign(stdin, { isTTY: options.tty === true && options.stdin === undefined }),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: { DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny', TERM: 'xterm', ...options.env },
    written,
  };
}

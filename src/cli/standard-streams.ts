import { addAbortSignal, type Readable } from 'node:stream';
import { LimitError, OutputError, UsageError } from '../errors.js';
import { defaultLimits } from '../limits.js';
import type { Context } from './context.js';
import type { Terminal } from './terminal.js';
import { asOutputError, type Content } from './write-output.js';

/** The name that stands for stdin or stdout. */
export const STANDARD = '-';

/** Limits on the size of what has no size beforehand: .dicm files, pictures. */
export type UnsizedLimit = 'maxFileBytes' | 'maxArrayBytes';

/**
 * Reads stdin to its end.
 *
 * @param limitName - The limit on its size.
 * @throws UsageError `stdin-is-terminal` when nothing is piped in; LimitError
 */
export async function readStandardInput(context: Context, limitName: UnsizedLimit): Promise<Uint8Array> {
  const { stdin } = context.terminal;
  if (stdin.isTTY) {
    throw new UsageError('stdin-is-terminal', 'stdin is a terminal; pipe a file in, or name one');
  }
  return readPieces(context, stdin, limitName);
}

/**
 * Reads a stream of unknown length to its end, and no further than a limit: a pipe or a device may have none.
 * An interruption does not wait for the end.
 *
 * @throws LimitError
 */
export async function readPieces(
  { options, signal }: Context,
  stream: Readable,
  limitName: UnsizedLimit,
): Promise<Uint8Array> {
  const maximum = options.limit?.[limitName] ?? defaultLimits[limitName];
  addAbortSignal(signal, stream);
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    total += piece.length;
    if (total > maximum)
      throw new LimitError(limitName, total, maximum, 'The size of the input so far, in bytes,');
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/**
 * Checks, before any work, that binary data may go to stdout.
 *
 * @param what - The data, for the message: `the array`.
 * @throws UsageError `stdout-is-terminal`; `stdout-conflict` with `--json`, which goes there too.
 */
export function checkStandardOutput({ terminal, reporter }: Context, what: string): void {
  if (terminal.stdout.isTTY) {
    throw new UsageError(
      'stdout-is-terminal',
      'binary data is not written to a terminal; redirect stdout, or name a file with -o',
    );
  }
  if (reporter.options.json) {
    throw new UsageError('stdout-conflict', `--json and ${what} would both go to stdout; use -o FILE`);
  }
}

/**
 * Writes binary data to stdout as fast as its reader takes it.
 *
 * @returns Bytes written.
 * @throws OutputError when stdout is closed or full.
 */
export async function writeStandardOutput({ stdout }: Terminal, content: Content): Promise<number> {
  let written = 0;
  const pieces = content instanceof Uint8Array ? [content] : content;
  for await (const piece of pieces) {
    if (stdout.destroyed || stdout.errored) throw new OutputError('output-closed', 'stdout is closed');
    try {
      // The callback comes when the bytes have left this process, or with the reason why they cannot.
      await new Promise<void>((resolve, reject) => {
        stdout.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      throw asOutputError('stdout', error);
    }
    written += piece.length;
  }
  return written;
}

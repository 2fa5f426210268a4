import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { DicmError, FormatError, LimitError, UsageError } from '../errors.js';
import { defaultLimits, type Limits } from '../limits.js';
import { nameShortage } from '../shortage.js';
import { asText, toPath } from './file-names.js';
import { STANDARD, type Terminal } from './terminal.js';

/** What reading takes besides a path. */
export interface ReadContext {
  /** What `-` stands for. */
  stdin: Terminal['stdin'];
  /** Overrides of the default limits. */
  limits?: Partial<Limits> | undefined;
  /** Ends the reading. */
  signal: AbortSignal;
}

/** Limits on the size of what has no size beforehand: .dicm files, pictures. */
type UnsizedLimit = 'maxFileBytes' | 'maxArrayBytes';

/** How often a reader is woken that may not have begun to wait at the time before. */
const WAKE_INTERVAL_MS = 20;

/**
 * Reads a whole .dicm file, or stdin for `-`. Its size is compared with the limit before it is read, or
 * while it is read where nobody knows it.
 *
 * @throws FormatError `file-missing`, `file-unreadable`; UsageError `stdin-is-terminal`; LimitError
 */
export async function readDicmFile(context: ReadContext, path: string): Promise<Uint8Array> {
  return readWhole(context, path, 'maxFileBytes');
}

async function readWhole(context: ReadContext, path: string, limitName: UnsizedLimit): Promise<Uint8Array> {
  if (path === STANDARD) return readStandardInput(context, limitName);
  const maximum = context.limits?.[limitName] ?? defaultLimits[limitName];
  try {
    const special = await readSpecialFile(context, path, limitName);
    if (special !== undefined) return special;
    const { size } = await stat(toPath(path));
    if (size > maximum) throw new LimitError(limitName, size, maximum, 'The file, in bytes,');
    return new Uint8Array(await readFile(toPath(path), { signal: context.signal }));
  } catch (thrown) {
    const error = nameShortage(thrown);
    const { code, message } = error as NodeJS.ErrnoException;
    if (context.signal.aborted || error instanceof DicmError || code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new FormatError('file-missing', `${path}: no such file`, {}, { cause: error });
    }
    const reasons: Record<string, string> = { EACCES: 'permission denied', EISDIR: 'it is a directory' };
    throw new FormatError(
      'file-unreadable',
      `${path} cannot be read: ${reasons[code] ?? message}`,
      {},
      { cause: error },
    );
  }
}

/**
 * Reads a picture from where the library cannot take it: stdin, a pipe or a device.
 *
 * @returns Its bytes; for anything else the path, which the library reads itself.
 * @throws UsageError `stdin-is-terminal`; LimitError
 */
export async function readPicture(context: ReadContext, path: string): Promise<Uint8Array | string> {
  if (path === STANDARD) return readStandardInput(context, 'maxArrayBytes');
  const special = await readSpecialFile(context, path, 'maxArrayBytes');
  return special ?? asText(path) ?? readWhole(context, path, 'maxArrayBytes');
}

/**
 * Reads a file of text, such as a list of files, or stdin for `-`.
 *
 * @throws FormatError `file-missing`, `file-unreadable`; UsageError `stdin-is-terminal`; LimitError
 */
export async function readTextFile(context: ReadContext, path: string): Promise<Buffer> {
  const { buffer, byteOffset, byteLength } = await readDicmFile(context, path);
  return Buffer.from(buffer, byteOffset, byteLength);
}

async function readStandardInput(context: ReadContext, limitName: UnsizedLimit): Promise<Uint8Array> {
  if (context.stdin.isTTY) {
    throw new UsageError('stdin-is-terminal', 'stdin is a terminal; pipe a file in, or name one');
  }
  return readPieces(context, context.stdin, limitName);
}

/** Reads a pipe or a device; `undefined` for anything else: files, directories, what does not exist. */
async function readSpecialFile(
  context: ReadContext,
  path: string,
  limitName: UnsizedLimit,
): Promise<Uint8Array | undefined> {
  const { signal } = context;
  const status = await stat(toPath(path)).catch(() => undefined);
  if (status === undefined || status.isFile() || status.isDirectory()) return undefined;
  let waker: NodeJS.Timeout | undefined;
  const wake = () => {
    waker = setInterval(wakeReader, WAKE_INTERVAL_MS, path);
  };
  if (status.isFIFO()) signal.addEventListener('abort', wake, { once: true });
  try {
    return await readPieces(context, createReadStream(toPath(path)), limitName);
  } finally {
    clearInterval(waker);
    signal.removeEventListener('abort', wake);
  }
}

/**
 * Opening a named pipe waits for a writer, and while it waits the process cannot even end. So this becomes the
 * writer, for a moment.
 */
function wakeReader(path: string): void {
  try {
    closeSync(openSync(toPath(path), constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody waits there.
  }
}

/**
 * Reads a stream of unknown length to its end, and no further than a limit: a pipe or a device may have none.
 * An interruption does not wait for the end.
 */
async function readPieces(
  { limits, signal }: ReadContext,
  stream: Readable,
  limitName: UnsizedLimit,
): Promise<Uint8Array> {
  const maximum = limits?.[limitName] ?? defaultLimits[limitName];
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

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DicmError, LimitError } from '../../errors.js';
import { defaultLimits, type Limits } from '../../limits.js';
import { nameShortage } from '../../shortage.js';

/** Why a file cannot be read, in words that go on after its name. */
export class UnreadableFile extends Error {
  /** There is no such file. */
  readonly missing: boolean;

  constructor(message: string, missing: boolean, cause?: unknown) {
    super(message, { cause });
    this.missing = missing;
  }
}

/** How to read a file that is not an input itself: annotations, a list, a part of a model. */
export interface ReadOptions {
  /** Overrides of the default limits: `maxArrayBytes` applies. */
  readonly limits?: Partial<Limits> | undefined;
  /** Most bytes, where a limit of the user's is not what bounds the file. */
  readonly maxBytes?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of text that Node can hold as one string: 2^29 - 24 characters (V8, 64 bits). */
const MOST_TEXT_BYTES = 2 ** 29 - 24;

/**
 * Reads a regular file as a whole: a pipe in its place would keep the reader waiting, a device might never end. Its size is
 * compared with the limit before it is read.
 *
 * @throws UnreadableFile; LimitError; ResourceError; the reason of the signal
 */
export async function readRegularFile(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const { limits, maxBytes, signal } = options;
  const maximum = maxBytes ?? limits?.maxArrayBytes ?? defaultLimits.maxArrayBytes;
  signal?.throwIfAborted();
  let file: FileHandle | undefined;
  try {
    // Without waiting for a writer, if it is a pipe after all. Windows has neither.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = await file.stat();
    if (!status.isFile()) throw new UnreadableFile('is no regular file', false);
    if (status.size > maximum) {
      if (maxBytes !== undefined) {
        throw new UnreadableFile(`has ${status.size} bytes, more than the ${maxBytes} it may have`, false);
      }
      throw new LimitError('maxArrayBytes', status.size, maximum, `The size of ${path} in bytes`);
    }
    return await file.readFile({ signal });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const named = nameShortage(error);
    if (named instanceof UnreadableFile || named instanceof DicmError) throw named;
    const { code, message } = named as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UnreadableFile('does not exist', true, error);
    const reasons: Record<string, string> = { EACCES: 'permission denied', EISDIR: 'it is a directory' };
    throw new UnreadableFile(`cannot be read: ${reasons[code ?? ''] ?? message}`, false, error);
  } finally {
    await file?.close();
  }
}

/**
 * Reads a regular file of text. A byte order mark, with which editors on Windows begin a file, is no part of it.
 *
 * @throws as {@link readRegularFile}
 */
export async function readTextFile(path: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await readRegularFile(path, options);
  if (bytes.length > MOST_TEXT_BYTES) {
    throw new UnreadableFile(`has ${bytes.length} bytes, more than Node can hold as text`, false);
  }
  // The decoder drops the mark.
  const text = new TextDecoder().decode(bytes);
  // What reads the text next takes its time for much of it; whoever wants to interrupt has a turn before.
  await new Promise((resolve) => setImmediate(resolve));
  options.signal?.throwIfAborted();
  return text;
}

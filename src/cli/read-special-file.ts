import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Context } from './context.js';
import { readPieces, type UnsizedLimit } from './standard-streams.js';

/** How often a reader is woken that may not have begun to wait at the time before. */
const WAKE_INTERVAL_MS = 20;

/**
 * Reads a pipe or a device, whose size is known when it ends.
 *
 * @param limitName - The limit on its size.
 * @returns `undefined` for anything else: files, directories, what does not exist.
 * @throws LimitError
 */
export async function readSpecialFile(
  context: Context,
  path: string,
  limitName: UnsizedLimit,
): Promise<Uint8Array | undefined> {
  const { signal } = context;
  const status = await stat(path).catch(() => undefined);
  if (status === undefined || status.isFile() || status.isDirectory()) return undefined;
  let waker: NodeJS.Timeout | undefined;
  const wake = () => {
    waker = setInterval(wakeReader, WAKE_INTERVAL_MS, path);
  };
  if (status.isFIFO()) signal.addEventListener('abort', wake, { once: true });
  try {
    return await readPieces(context, createReadStream(path), limitName);
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
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody waits there.
  }
}

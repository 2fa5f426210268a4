import { readFile, stat } from 'node:fs/promises';
import { FormatError, LimitError } from '../errors.js';
import { defaultLimits } from '../limits.js';
import type { Context } from './context.js';
import { readSpecialFile } from './read-special-file.js';
import { readStandardInput, STANDARD } from './standard-streams.js';

/**
 * Reads a whole .dicm file, or stdin for `-`. Its size is compared with the limit before it is read, or
 * while it is read where nobody knows it.
 *
 * @throws FormatError `file-missing`, `file-unreadable`; LimitError
 */
export async function readDicmFile(context: Context, path: string): Promise<Uint8Array> {
  if (path === STANDARD) return readStandardInput(context, 'maxFileBytes');
  const maxFileBytes = context.options.limit?.maxFileBytes ?? defaultLimits.maxFileBytes;
  try {
    const special = await readSpecialFile(context, path, 'maxFileBytes');
    if (special !== undefined) return special;
    const { size } = await stat(path);
    if (size > maxFileBytes) throw new LimitError('maxFileBytes', size, maxFileBytes, 'The file, in bytes,');
    return new Uint8Array(await readFile(path, { signal: context.signal }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (context.signal.aborted || error instanceof LimitError || code === undefined) throw error;
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

import { type FileHandle, link, mkdir, open, realpath, rename, stat } from 'node:fs/promises';
import { DicmError, type ErrorCode, OutputError, UsageError } from '../errors.js';
import { nameShortage } from '../shortage.js';
import { nameOfBytes, toPath } from './file-names.js';
import { withTemporary } from './temporary-files.js';
import { type Output, STANDARD } from './terminal.js';

/** How to write a file. */
export interface WriteOptions {
  /** Replace what is already there. */
  force: boolean;
  signal?: AbortSignal | undefined;
}

/** How to write to a file or to stdout. */
export interface ResultOptions extends WriteOptions {
  /** What `-` stands for. */
  stdout: Output;
}

/** What goes into a file: bytes, or pieces as they become ready. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Checks, before any work, that an output may be written.
 *
 * @throws OutputError `output-exists` for a file that is there already, unless `force`; `output-is-directory`
 */
export async function checkOutput(path: string, force: boolean): Promise<void> {
  const status = await stat(toPath(path)).catch(() => undefined);
  if (status === undefined) return;
  if (status.isDirectory()) throw new OutputError('output-is-directory', `${path} is a directory`);
  if (status.isFile() && !force) throw existing(path);
}

/**
 * Checks, before any work, that binary data may go to stdout.
 *
 * @param what - The data, for the message: `the array`.
 * @param json - Whether JSON goes there too.
 * @throws UsageError `stdout-is-terminal`, `stdout-conflict`
 */
export function checkStandardOutput(stdout: Output, json: boolean, what: string): void {
  if (stdout.isTTY) {
    throw new UsageError(
      'stdout-is-terminal',
      'binary data is not written to a terminal; redirect stdout, or name a file with -o',
    );
  }
  if (json)
    throw new UsageError('stdout-conflict', `--json and ${what} would both go to stdout; use -o FILE`);
}

/**
 * Writes a result to a file as {@link writeOutput} does, or to stdout for `-`, as fast as its reader takes it.
 *
 * @returns Bytes written.
 * @throws OutputError when it cannot be written, or stdout is closed.
 */
export async function writeResult(path: string, content: Content, options: ResultOptions): Promise<number> {
  return path === STANDARD ? writeToStream(options.stdout, content) : writeOutput(path, content, options);
}

/**
 * Writes a file so that it is either complete or not there: content goes to a temporary file in the same
 * folder, reaches the disk, and only then takes the name. A device or a pipe is written directly.
 *
 * @returns Bytes written.
 * @throws OutputError when it cannot be written; nothing is left behind then.
 */
export async function writeOutput(path: string, content: Content, options: WriteOptions): Promise<number> {
  try {
    await checkOutput(path, options.force);
    const status = await stat(toPath(path)).catch(() => undefined);
    if (status !== undefined && !status.isFile()) return await writeToDevice(path, content);
    // Through a symbolic link: rename would replace the link instead of what it points to.
    const target = status === undefined ? path : await realOf(path);
    const fill = (file: FileHandle) => writeContent(file, content, options.signal);
    return await writeBeside(target, fill, options, status?.mode);
  } catch (error) {
    throw asOutputError(path, error);
  }
}

/** Writes bytes at a place of a file. */
export type WriteAt = (bytes: Uint8Array, at: number) => Promise<void>;

/**
 * Writes a file as {@link writeOutput} does, but in any order: what is known last may stand first in it.
 *
 * @param fill - Writes everything and returns the size of the file; what lies behind is cut off.
 * @returns Size of the file.
 * @throws OutputError when it cannot be written, or is no regular file; nothing is left behind then.
 */
export async function writeInPlaces(
  path: string,
  fill: (write: WriteAt) => Promise<number>,
  options: WriteOptions,
): Promise<number> {
  try {
    await checkOutput(path, options.force);
    const status = await stat(toPath(path)).catch(() => undefined);
    if (status !== undefined && !status.isFile()) {
      throw new OutputError('output-failed', `${path} cannot be written: it is no regular file`);
    }
    const target = status === undefined ? path : await realOf(path);
    const fillFile = async (file: FileHandle) => {
      const sizeBytes = await fill((bytes, at) => writeAll(file, bytes, at));
      await file.truncate(sizeBytes);
      return sizeBytes;
    };
    return await writeBeside(target, fillFile, options, status?.mode);
  } catch (error) {
    throw asOutputError(path, error);
  }
}

/** @param fill - Writes everything and returns the size of the file. */
async function writeBeside(
  target: string,
  fill: (file: FileHandle) => Promise<number>,
  { force, signal }: WriteOptions,
  mode: number | undefined,
): Promise<number> {
  return withTemporary(target, async (temporary) => {
    const file = await open(toPath(temporary), 'wx');
    let written: number;
    try {
      written = await fill(file);
      if (mode !== undefined) await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    await takeName(temporary, target, force);
    return written;
  });
}

/** The file behind symbolic links. */
async function realOf(path: string): Promise<string> {
  return nameOfBytes(await realpath(toPath(path), { encoding: 'buffer' }));
}

/** Gives the finished file its name. Without `force` a file that appeared in the meantime is not replaced. */
async function takeName(temporary: string, target: string, force: boolean): Promise<void> {
  if (force) return rename(toPath(temporary), toPath(target));
  try {
    await link(toPath(temporary), toPath(target));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw existing(target);
    // Not every file system has hard links.
    await checkOutput(target, force);
    await rename(toPath(temporary), toPath(target));
  }
}

async function writeToDevice(path: string, content: Content): Promise<number> {
  const file = await open(toPath(path), 'w');
  try {
    return await writeContent(file, content);
  } finally {
    await file.close();
  }
}

async function writeToStream(stdout: Output, content: Content): Promise<number> {
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

async function writeContent(file: FileHandle, content: Content, signal?: AbortSignal): Promise<number> {
  let written = 0;
  const pieces = content instanceof Uint8Array ? [content] : content;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    await writeAll(file, piece);
    written += piece.length;
  }
  return written;
}

/** @param place - In the file; where the last write ended unless given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, place?: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const position = place === undefined ? null : place + at;
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position);
    at += bytesWritten;
  }
}

function existing(path: string): OutputError {
  return new OutputError('output-exists', `${path} exists already; -f overwrites it`);
}

const REASONS: Readonly<Record<string, readonly [code: ErrorCode<'OutputError'>, reason: string]>> = {
  ENOSPC: ['disk-full', 'no space left on the disk'],
  EDQUOT: ['disk-full', 'the disk quota is used up'],
  EFBIG: ['file-too-large', 'the file would be larger than allowed here'],
  EACCES: ['output-denied', 'permission denied'],
  EPERM: ['output-denied', 'operation not permitted'],
  EROFS: ['output-denied', 'the file system is read-only'],
  ENOENT: ['output-no-folder', 'its folder does not exist'],
  ENOTDIR: ['output-no-folder', 'a part of the path is not a folder'],
  ENAMETOOLONG: ['output-bad-name', 'the name is too long'],
  EEXIST: ['output-no-folder', 'a file of that name is there, and a folder is needed'],
  EPIPE: ['output-closed', 'the reader has gone away'],
};

/** Turns a failure of the file system into an error with a name; passes everything else through. */
export function asOutputError(path: string, thrown: unknown): unknown {
  // What an output is written with is read at the same time: not all that fails is the output.
  const error = nameShortage(thrown);
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof DicmError || typeof code !== 'string' || syscall === undefined) return error;
  const [name, reason] = REASONS[code] ?? (['output-failed', (error as Error).message] as const);
  return new OutputError(name, `${path} cannot be written: ${reason}`, { cause: error });
}

/** Makes a folder for outputs, where it is not there. @throws OutputError */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw asOutputError(folder, error);
  }
}

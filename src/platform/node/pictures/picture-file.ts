import { type FileHandle, open } from 'node:fs/promises';
import { nameForeignFormat } from '../../../container/foreign-format.js';
import { SIGNATURE } from '../../../container/signature.js';
import { DicmError, ImageError } from '../../../errors.js';
import type { ImageInput } from '../../../image/picture.js';
import { nameShortage } from '../../../shortage.js';

/** Files up to this size are read into memory; larger ones are left to the image library, which streams them. */
const READ_WHOLE_BYTES = 64 * 2 ** 20;

/** Enough of a file to recognise it. */
const HEAD_BYTES = 512;

/** A picture file that is open, for the image library and for looking into it. */
export interface PictureFile {
  /** What to call it in messages. */
  readonly name: string;
  /** What to hand to the image library: bytes, or the path of a file too large to hold. */
  readonly input: ImageInput;
  readonly sizeBytes: number;
  /** Its first bytes. */
  readonly head: Uint8Array;
  /** Reads bytes; fewer than asked for where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Ends the use of the file. */
  close(): Promise<void>;
}

/**
 * Opens a picture file and looks at its first bytes, so that the commonest mistakes get an error that says
 * what to do instead of a complaint of the image library.
 *
 * @throws ImageError `file-missing`, `file-unreadable`, `empty-image`, `already-dicm`, `not-an-image`.
 */
export async function openPictureFile(input: ImageInput): Promise<PictureFile> {
  if (typeof input !== 'string') return heldFile('the input', input);
  let handle: FileHandle | undefined;
  try {
    handle = await open(input, 'r');
    const { size } = await handle.stat();
    if (size > READ_WHOLE_BYTES) return await largeFile(input, handle, size);
    // Bytes rather than the path: the image library caches by path and would miss that a file has changed.
    const bytes = await handle.readFile();
    await handle.close();
    return heldFile(input, bytes);
  } catch (error) {
    await handle?.close();
    const named = nameShortage(error);
    if (named instanceof DicmError) throw named;
    throw readFailure(input, error as NodeJS.ErrnoException);
  }
}

function heldFile(name: string, bytes: Uint8Array): PictureFile {
  checkHead(bytes, name);
  return {
    name,
    input: bytes,
    sizeBytes: bytes.length,
    head: bytes.subarray(0, HEAD_BYTES),
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    close: async () => {},
  };
}

async function largeFile(path: string, handle: FileHandle, sizeBytes: number): Promise<PictureFile> {
  const read = async (offset: number, length: number) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  };
  const head = await read(0, HEAD_BYTES);
  checkHead(head, path);
  return { name: path, input: path, sizeBytes, head, read, close: () => handle.close() };
}

function readFailure(path: string, error: NodeJS.ErrnoException): ImageError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return new ImageError('file-missing', `${path}: no such file`, { cause: error });
  }
  const reason =
    error.code === 'EACCES'
      ? 'permission denied'
      : error.code === 'EISDIR'
        ? 'it is a directory'
        : error.message;
  return new ImageError('file-unreadable', `${path} cannot be read: ${reason}`, { cause: error });
}

function checkHead(bytes: Uint8Array, name: string): void {
  const subject = name === 'the input' ? 'The input' : name;
  if (bytes.length === 0) throw new ImageError('empty-image', `${subject} is empty`);
  if (SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new ImageError(
      'already-dicm',
      `${subject} is a .dicm file already; analyse it with \`dicm analyze classify\`, or give the photograph`,
    );
  }
  const foreign = nameForeignFormat(bytes);
  if (foreign !== undefined && !foreign.picture) {
    throw new ImageError('not-an-image', `${subject} is ${foreign.name}, not an image`);
  }
}

import { open, stat } from 'node:fs/promises';
import { nameForeignFormat } from '../../../container/foreign-format.js';
import { SIGNATURE } from '../../../container/signature.js';
import { ImageError } from '../../../errors.js';
import type { ImageInput } from '../../../image/picture.js';

/** Files up to this size are read into memory; larger ones are left to the image library, which streams them. */
const READ_WHOLE_BYTES = 64 * 2 ** 20;

/** Enough of a file to recognise it. */
const HEAD_BYTES = 512;

/**
 * Opens a picture file and looks at its first bytes, so that the commonest mistakes get an error that says
 * what to do instead of a complaint of the image library.
 *
 * @returns What to hand to the image library: bytes, or the path of a file too large to hold.
 * @throws ImageError `file-missing`, `file-unreadable`, `empty-image`, `already-dicm`, `not-an-image`.
 */
export async function openImageInput(input: ImageInput): Promise<ImageInput> {
  if (typeof input !== 'string') {
    checkHead(input, 'The input');
    return input;
  }
  try {
    const { size } = await stat(input);
    const file = await open(input, 'r');
    try {
      if (size > READ_WHOLE_BYTES) {
        const head = new Uint8Array(HEAD_BYTES);
        await file.read(head, 0, HEAD_BYTES, 0);
        checkHead(head, input);
        return input;
      }
      // Bytes rather than the path: the image library caches by path and would miss that a file has changed.
      const bytes = await file.readFile();
      checkHead(bytes, input);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw readFailure(input, error as NodeJS.ErrnoException);
  }
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
  if (bytes.length === 0) throw new ImageError('empty-image', `${name} is empty`);
  if (SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new ImageError(
      'already-dicm',
      `${name} is a .dicm file already; analyse it with \`dicm analyze classify\`, or give the photograph`,
    );
  }
  const foreign = nameForeignFormat(bytes);
  if (foreign !== undefined && !foreign.picture) {
    throw new ImageError('not-an-image', `${name} is ${foreign.name}, not an image`);
  }
}

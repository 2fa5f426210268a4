import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ImageError } from '../../errors.js';
import type { MaxSide } from '../../image/fit-size.js';
import type { Picture } from '../../image/picture.js';
import type { Limits } from '../../limits.js';
import { loadPicture } from '../../platform/node/pictures/load-picture.js';
import { nameShortage } from '../../shortage.js';
import type { CodedPicture } from '../codecs/picture-codec.js';
import type { SourceImage } from '../contenders/contender.js';

/** How photographs are loaded, for every codec alike. */
export interface SourceOptions {
  readonly maxSide: MaxSide;
  readonly limits?: Partial<Limits> | undefined;
}

/** A photograph with the hash of its file. */
export interface HashedSource extends SourceImage {
  readonly sha256: string;
}

/**
 * Reads a photograph's file; its pixels are decoded when first asked for, and kept, as are the
 * files that codecs write of it.
 *
 * @throws ImageError `file-unreadable`
 */
export async function openSource(path: string, options: SourceOptions): Promise<HashedSource> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const shortage = nameShortage(cause);
    if (shortage !== cause) throw shortage;
    throw new ImageError('file-unreadable', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  let picture: Promise<Picture> | undefined;
  const coded = new Map<string, Promise<CodedPicture>>();
  return {
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    picture: () => {
      picture ??= loadPicture(bytes, options);
      return picture;
    },
    once: (key, encode) => {
      const file = coded.get(key) ?? encode();
      coded.set(key, file);
      return file;
    },
  };
}

import sharp from 'sharp';
import { ImageError } from '../../../errors.js';
import { nameShortage } from '../../../shortage.js';
import { besideOthers, reasonOf, withNoOther } from './library-turns.js';
import { openPictureFile } from './picture-file.js';

/** Numbers of a picture that is no photograph: an 8-bit grey PNG. */
export interface GreyMap {
  readonly width: number;
  readonly height: number;
  /** [height][width], as stored: neither turned nor colour-managed. */
  readonly data: Uint8Array;
}

/**
 * Loads a picture whose grey values are numbers, such as an instance map.
 *
 * @throws ImageError `file-missing`, `bad-image` when it cannot be read, or `not-a-map` when it has colours.
 */
export async function loadGreyMap(path: string): Promise<GreyMap> {
  const file = await openPictureFile(path);
  let map: Awaited<ReturnType<typeof decode>>;
  try {
    const read = () => decode(file.input);
    map = await besideOthers(read).catch(() => withNoOther(read));
  } catch (error) {
    const shortage = nameShortage(error);
    if (shortage !== error) throw shortage;
    throw new ImageError('bad-image', `${path} cannot be decoded: ${reasonOf(error as Error)}`, {
      cause: error,
    });
  } finally {
    await file.close();
  }
  const { data, info, channels } = map;
  if (channels !== 1 || info.channels !== 1) {
    throw new ImageError('not-a-map', `${path} has ${channels} channels, not one of 8 bits`);
  }
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

async function decode(input: string | Uint8Array) {
  const image = sharp(input);
  const { channels } = await image.metadata();
  // Without this the library makes a colour picture of a grey one.
  const raw = image.toColourspace('b-w').raw({ depth: 'uchar' });
  return { channels, ...(await raw.toBuffer({ resolveWithObject: true })) };
}

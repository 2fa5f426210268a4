import {
  type ClassicFormat,
  classicOptions,
  classicVersions,
  encodeClassic,
} from '../../platform/node/pictures/classic-codecs.js';
import { loadPicture } from '../../platform/node/pictures/load-picture.js';
import type { PictureCodec } from './picture-codec.js';

/** Settings between about 0.05 and 1 bit per pixel on photographs of 224 pixels. */
const SETTINGS: Readonly<Record<ClassicFormat, readonly number[]>> = {
  jpeg: [1, 5, 10, 16, 26, 50],
  webp: [1, 5, 12, 25, 45, 70],
  avif: [1, 8, 16, 24, 34, 50],
};

const NAMES: Readonly<Record<ClassicFormat, string>> = {
  jpeg: 'JPEG (mozjpeg)',
  webp: 'WebP',
  avif: 'AVIF',
};

/** JPEG, WebP and AVIF through the image library, which is always there. */
export function sharpCodecs(): PictureCodec[] {
  const versions = classicVersions();
  return (['jpeg', 'webp', 'avif'] as const).map((format) => ({
    id: format,
    name: NAMES[format],
    version: `${versions[format]} ${JSON.stringify(classicOptions[format])}`,
    settingName: 'quality',
    settings: SETTINGS[format],
    range: { smallest: 1, largest: 100 },
    encode: async (picture, quality) => ({
      bytes: await encodeClassic(picture, format, quality),
    }),
    decode: (bytes) => loadPicture(bytes, { maxSide: 'none' }),
  }));
}

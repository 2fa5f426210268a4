import type { PictureCodec } from '../codecs/picture-codec.js';
import type { PictureMeter } from '../measure/picture-meter.js';
import { type Contender, codedPictures } from './contender.js';

/** A codec whose pictures are compared with their originals; timed is what it takes to decode them. */
export function pictureContender(codec: PictureCodec, meter: PictureMeter): Contender {
  return {
    ...codedPictures(codec),
    networkId: meter.id,
    analyze: async (coded, source, hooks) => {
      const original = await source.picture();
      const rebuilt = await codec.decode(coded, original, hooks);
      return { measures: await meter.compare(original, rebuilt, hooks) };
    },
    read: async (coded, source, hooks) => codec.decode(coded, await source.picture(), hooks),
  };
}

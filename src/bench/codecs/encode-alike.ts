import { encodeNear, sizeError } from './encode-near.js';
import type { CodecHooks, CodedPicture, PictureCodec, Pixels, SizedPicture } from './picture-codec.js';

/** A picture as several codecs wrote it in about as many bytes. */
export interface AlikePictures {
  /** What all of them are near to. */
  readonly targetBytes: number;
  /** In the order of the codecs. */
  readonly coded: readonly SizedPicture[];
}

/** How often the size that all are brought to is set anew. */
const ROUNDS = 3;

/** Files no farther from each other, as a fraction, are left as they are. */
const ALIKE_ENOUGH = 0.005;

/**
 * Codes a picture with several codecs to about the same bytes. Some have settings of which one step changes the size by
 * a tenth, and some cannot go so low: whoever is farthest off decides what the others are brought to next.
 *
 * @param wantedBytes - About where: the sizes end as near to it as the coarsest codec allows.
 */
export async function encodeAlike(
  codecs: readonly PictureCodec[],
  picture: Pixels,
  wantedBytes: number,
  hooks: CodecHooks,
): Promise<AlikePictures> {
  const patient = codecs.map(rememberFiles);
  let best: AlikePictures | undefined;
  let targetBytes = wantedBytes;
  for (let round = 0; round < ROUNDS; round++) {
    const coded: SizedPicture[] = [];
    for (const codec of patient) coded.push(await encodeNear(codec, picture, targetBytes, hooks));
    const alike = { targetBytes, coded };
    if (best === undefined || worstError(alike) < worstError(best)) best = alike;
    if (worstError(best) < ALIKE_ENOUGH) break;
    const farther = (a: SizedPicture, b: SizedPicture) =>
      sizeError(b, targetBytes) > sizeError(a, targetBytes) ? b : a;
    targetBytes = coded.reduce(farther).bytes.length;
  }
  return best!;
}

/** The largest difference of a file from the size that all are near to, as a fraction of it. */
export function worstError({ targetBytes, coded }: AlikePictures): number {
  return Math.max(...coded.map((one) => sizeError(one, targetBytes)));
}

/** The same codec for one picture, which codes it at each setting once. */
function rememberFiles(codec: PictureCodec): PictureCodec {
  const files = new Map<number, Promise<CodedPicture>>();
  return {
    ...codec,
    encode: (picture, setting, hooks) => {
      const file = files.get(setting) ?? codec.encode(picture, setting, hooks);
      files.set(setting, file);
      return file;
    },
  };
}

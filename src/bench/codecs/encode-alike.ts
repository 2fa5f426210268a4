import { encodeNear, sizeError } from './encode-near.js';
import type { CodecHooks, CodedPicture, PictureCodec, Pixels, SizedPicture } from './picture-codec.js';

/** A picture as several codecs wrote it in about as many bytes. */
export interface AlikePictures {
  /** What all of them are near to. */
  readonly targetBytes: number;
  /** In the order of the codecs. */
  readonly coded: readonly SizedPicture[];
}

/**
 * Codes a picture with several codecs to about the same bytes. Some have settings of which one step changes the size by
 * a tenth: the one that is farthest off decides what the others are brought to.
 *
 * @param wantedBytes - About where: the sizes end within a step of the coarsest codec of it.
 */
export async function encodeAlike(
  codecs: readonly PictureCodec[],
  picture: Pixels,
  wantedBytes: number,
  hooks: CodecHooks,
): Promise<AlikePictures> {
  const patient = codecs.map(rememberFiles);
  const codeAll = async (targetBytes: number): Promise<AlikePictures> => {
    const coded: SizedPicture[] = [];
    for (const codec of patient) coded.push(await encodeNear(codec, picture, targetBytes, hooks));
    return { targetBytes, coded };
  };
  const first = await codeAll(wantedBytes);
  const farthest = first.coded.reduce((a, b) =>
    sizeError(b, wantedBytes) > sizeError(a, wantedBytes) ? b : a,
  );
  const second = await codeAll(farthest.bytes.length);
  return worstError(second) < worstError(first) ? second : first;
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

import type { Codec } from '../index.js';
import { type Context, streamsOf } from './context.js';
import { readDicmFile } from './read-input.js';

/** Pictures that view layers hold, for whoever shows files and can do without them. */
export interface ViewPictures {
  /** The picture as a file that the image library reads; undefined where the file, its view layer or their model is missing. */
  pictureOf(path: string): Promise<Uint8Array | undefined>;
  dispose(): Promise<void>;
}

/** Opens nothing yet: executor and model come with the first view layer. */
export function openViewPictures(context: Context): ViewPictures {
  const { signal, options } = context;
  const { backend, model, threads, limit } = options;
  let codec: Codec | undefined;
  return {
    async pictureOf(path) {
      const { DicmError, layerNameOf, openCodec, readInfo, writePicture } = await import('../index.js');
      try {
        const file = await readDicmFile(streamsOf(context), path);
        if (readInfo(file, limit).layers.every(({ profile }) => layerNameOf(profile) !== 'view'))
          return undefined;
        codec ??= await openCodec({ backend, model, threads, limits: limit });
        return (await writePicture(await codec.decodePicture(file, { signal }))).bytes;
      } catch (error) {
        if (error instanceof DicmError) return undefined;
        throw error;
      }
    },
    dispose: async () => codec?.dispose(),
  };
}

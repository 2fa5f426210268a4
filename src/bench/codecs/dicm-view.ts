import { createHash } from 'node:crypto';
import type { ModelShelf } from '../../codec/model-shelf.js';
import { ModelError } from '../../errors.js';
import { wrapPixels } from '../../platform/node/pictures/classic-codecs.js';
import { view } from '../../profiles/view.js';
import type { Codec } from '../../session/codec.js';
import type { MissingCodec, PictureCodec } from './picture-codec.js';

/** Id of dicm's view layer among the codecs for pictures. */
export const VIEW_CODEC = 'dicm-view';

/**
 * dicm's view layer as a codec for pictures like any other: it gets the same pixels, and what is measured of it is
 * measured of the picture that it rebuilds.
 *
 * @param shelf - The models of `codec`.
 * @returns A reason where there is no model of the view layer.
 */
export async function openViewCodec(codec: Codec, shelf: ModelShelf): Promise<PictureCodec | MissingCodec> {
  const id = VIEW_CODEC;
  let model: Awaited<ReturnType<ModelShelf['encodingModel']>>['model'];
  try {
    ({ model } = await shelf.encodingModel(view.name));
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'model-missing') throw error;
    return { id, name: 'dicm, view layer', reason: error.message };
  }
  const { manifest, decodeId, renderId } = model;
  const weights = createHash('sha256').update(manifest.weights.map(({ sha256 }) => sha256).join());
  const alone = { layers: ['view'], maxSide: 'none' } as const;
  return {
    id,
    name: `dicm, view layer (${manifest.name})`,
    version: [manifest.name, decodeId, renderId, weights.digest('hex').slice(0, 16)].join(' '),
    settingName: 'quality',
    settings: [1, 10, 20, 35, 50, 75, 100],
    range: { smallest: 1, largest: 100 },
    encode: async (picture, quality, { signal }) =>
      codec.encode(await wrapPixels(picture), { ...alone, quality, signal }),
    encodeTo: async (picture, targetBytes, { signal }) => {
      const { bytes, quality } = await codec.encode(await wrapPixels(picture), {
        ...{ ...alone, targetBytes, signal },
      });
      return { bytes, setting: quality };
    },
    decode: (bytes, _, { signal }) => codec.decodePicture(bytes, { signal }),
  };
}

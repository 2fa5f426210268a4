import { decodeTiles } from '../codec/coded-layer.js';
import type { OpenModel } from '../codec/model-shelf.js';
import { checkDigest } from '../container/digest.js';
import { ModelError } from '../errors.js';
import type { Codec, VerifiedLayer } from './codec.js';
import type { FileLayer, Session } from './session.js';

/** The call of a codec that proves files. */
export function verifyingCalls(session: Session): Pick<Codec, 'verify'> {
  return {
    verify: async (bytes, { prefix, ...hooks } = {}) => {
      const { layers } = session.readLayers(bytes, prefix);
      const { platform, limits } = session;
      const digest = prefix ? undefined : await checkDigest(bytes, platform.sha256, limits);
      const total = layers.reduce((sum, { tiles }) => sum + tiles.length, 0);
      const verified: VerifiedLayer[] = [];
      let before = 0;
      for (const [index, layer] of layers.entries()) {
        const { profile } = layer;
        const model = await openLayer(session, layer, index > 0);
        if ('reason' in model) verified.push({ profile, proved: false, reason: model.reason });
        else {
          const onProgress = (done: number) => hooks.onProgress?.(before + done, total);
          for await (const _ of decodeTiles(model.latents, layer, session.work({ ...hooks, onProgress })));
          verified.push({ profile, proved: true });
        }
        before += layer.tiles.length;
      }
      return { layers: verified, ...(digest !== undefined && { digest }) };
    },
  };
}

/** The model of a layer; or, of a further one whose model is not here, why: the others count all the same. */
async function openLayer(
  { shelf }: Session,
  layer: FileLayer,
  isFurther: boolean,
): Promise<OpenModel | { readonly reason: string }> {
  try {
    return await shelf.modelFor(layer);
  } catch (error) {
    if (!isFurther || !(error instanceof ModelError) || error.code !== 'model-missing') throw error;
    return { reason: error.message };
  }
}

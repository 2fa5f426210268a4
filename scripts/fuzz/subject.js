import { fileURLToPath } from 'node:url';
import { openCodec } from '#dicm/index.js';
import { openHyperpriorCodec } from '#dicm/latents/hyperprior-codec.js';
import { loadModel } from '#dicm/model/load-model.js';
import { modelFolder } from '#dicm/platform/node/model-folders.js';
import { sha256 } from '#dicm/platform/node/sha256.js';
import { profileNamed } from '#dicm/profiles/all-profiles.js';

/** @import { Codec } from '../../src/index.js' */
/** @import { LatentCodec } from '../../src/latents/latent-codec.js' */

/** Folder of the tiny model: its files are small and quickly decoded. */
export const TINY = fileURLToPath(new URL('../../fixtures/models/tiny', import.meta.url));

/**
 * What files are given to.
 *
 * @typedef {object} Subject
 * @property {Codec} codec
 * @property {LatentCodec} latents The integer path of the same model, to look at integers.
 * @property {string} decodeId
 * @property {() => Promise<void>} dispose
 */

/** @returns {Promise<Subject>} */
export async function openSubject() {
  const codec = await openCodec({ model: TINY, backend: 'wasm', threads: 1 });
  const { tensors, decodeId } = await loadModel(modelFolder(TINY), sha256, profileNamed);
  const latents = await openHyperpriorCodec(tensors);
  return {
    codec,
    latents,
    decodeId,
    dispose: async () => {
      latents.dispose();
      await codec.dispose();
    },
  };
}

import type { Platform } from '../platform.js';
import { listModelFolders, readModelChoice } from './model-folders.js';

/** Node.js as host: models are folders, named or on the search path. */
export const nodePlatform: Platform = {
  sha256: async (pieces) => {
    // Loaded when first needed: whoever only lists models should not wait for it.
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    return hash.digest('hex');
  },
  listModels: listModelFolders,
  readModelChoice,
  preferredModel: () => process.env.DICM_MODEL || undefined,
  // Loaded when first needed, too: the image library and an executor each take a tenth of a second.
  loadPicture: async (input, options) =>
    (await import('./pictures/load-picture.js')).loadPicture(input, options),
  openBackend: async (choice, options) =>
    (await import('./executors/open-backend.js')).openBackend(choice, options),
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
};

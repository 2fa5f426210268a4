import type { Platform } from '../platform.js';
import { listModelFolders, readModelChoice } from './model-folders.js';
import { sha256 } from './sha256.js';

/** Node.js as host: models are folders, named or on the search path. */
export const nodePlatform: Platform = {
  sha256,
  listModels: listModelFolders,
  readModelChoice,
  preferredModel: () => process.env.DICM_MODEL || undefined,
  // Loaded when first needed, too: the image library and an executor each take a tenth of a second.
  loadPicture: async (input, options) => {
    const { withImageLibrary } = await import('./image-library.js');
    const { loadPicture } = await withImageLibrary(() => import('./pictures/load-picture.js'));
    return loadPicture(input, options);
  },
  openBackend: async (choice, options) =>
    (await import('./executors/open-backend.js')).openBackend(choice, options),
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
};

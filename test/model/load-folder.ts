import { loadModel, type Model } from '../../src/model/load-model.js';
import { modelFolder } from '../../src/platform/node/model-folders.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { profileNamed } from '../../src/profiles/all-profiles.js';

/** Loads a model from its folder. */
export function loadFolder(
  folder: string,
  rulesOf: Parameters<typeof loadModel>[2] = profileNamed,
): Promise<Model> {
  return loadModel(modelFolder(folder), nodePlatform.sha256, rulesOf);
}

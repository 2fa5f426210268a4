import { type LoadModelOptions, loadModel, type Model } from '../../src/model/load-model.js';
import { modelFolder } from '../../src/platform/node/model-folders.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';

/** Loads a model from its folder. */
export function loadFolder(folder: string, options?: LoadModelOptions): Promise<Model> {
  return loadModel(modelFolder(folder), nodePlatform.sha256, options);
}

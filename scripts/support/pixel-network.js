import { tilePixels } from '#dicm/image/tile-pixels.js';
import { findModel } from '#dicm/model/find-model.js';
import { loadModel } from '#dicm/model/load-model.js';
import { taskNetwork } from '#dicm/networks/task-network.js';
import { openBackend } from '#dicm/platform/node/executors/open-backend.js';
import { nodePlatform } from '#dicm/platform/node/node-platform.js';
import { loadPicture } from '#dicm/platform/node/pictures/load-picture.js';
import { profileNamed } from '#dicm/profiles/all-profiles.js';
import { topPredictions } from '#dicm/tasks/classify/top-predictions.js';

/** @import { ImageInput, MaxSide } from '../../src/index.js' */
/** @import { FeatureMap } from '../../src/nn/backend.js' */

/**
 * The released model's ResNet-50 on pixels: head and tail without the codec. Beside it everything is measured that
 * has to be decoded to pixels first.
 *
 * @param {'auto' | 'onnx' | 'wasm' | 'tensorflow'} choice executor
 */
export async function openPixelNetwork(choice = 'auto', options = {}) {
  const model = await loadModel((await findModel(nodePlatform)).source, nodePlatform.sha256, profileNamed);
  const backend = await openBackend(choice, options);
  const network = await backend.compile(taskNetwork('pixels', ['logits']), model.tensors);

  /**
   * Picture (path or bytes) to samples of one padded tile; larger pictures are fitted to `maxSide` first.
   *
   * @param {ImageInput} input
   * @param {MaxSide} maxSide
   */
  async function load(input, maxSide = 512) {
    const picture = await loadPicture(input, { maxSide });
    return {
      picture,
      pixels: tilePixels(picture, { x: 0, y: 0, width: picture.width, height: picture.height }),
    };
  }

  /**
   * Samples to the best answers.
   *
   * @param {FeatureMap} pixels
   */
  async function classify(pixels, top = 5) {
    const { logits } = await network.run({ rgb: pixels });
    return topPredictions(/** @type {FeatureMap} */ (logits).data, model.classes, { top });
  }

  return {
    backend: backend.name,
    load,
    classify,
    async dispose() {
      await network.dispose();
      await backend.dispose();
    },
  };
}

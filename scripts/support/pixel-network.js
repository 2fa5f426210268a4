import { loadPicture } from '../../dist/src/image/load-picture.js';
import { tilePixels } from '../../dist/src/image/tile-pixels.js';
import { findModel } from '../../dist/src/model/find-model.js';
import { loadModel } from '../../dist/src/model/load-model.js';
import { encoderInputs } from '../../dist/src/networks/encoder.js';
import { pixelClassifier } from '../../dist/src/networks/pixel-classifier.js';
import { openBackend } from '../../dist/src/nn/open-backend.js';
import { nodePlatform } from '../../dist/src/platform/node/node-platform.js';
import { topPredictions } from '../../dist/src/tasks/top-predictions.js';

/**
 * The released model's ResNet-50 on pixels: head and tail without the codec. Beside it everything is measured that
 * has to be decoded to pixels first.
 *
 * @param {'auto' | 'onnx' | 'wasm' | 'tensorflow'} choice executor
 */
export async function openPixelNetwork(choice = 'auto', options = {}) {
  const model = await loadModel((await findModel(nodePlatform)).source, nodePlatform.sha256);
  const backend = await openBackend(choice, options);
  const network = await backend.compile(pixelClassifier, model.tensors, encoderInputs);

  /** Picture (path or bytes) to samples of one padded tile; larger pictures are fitted to `maxSide` first. */
  async function load(input, maxSide = 512) {
    const picture = await loadPicture(input, { maxSide });
    return {
      picture,
      pixels: tilePixels(picture, { x: 0, y: 0, width: picture.width, height: picture.height }),
    };
  }

  /** Samples to the best answers. */
  async function classify(pixels, top = 5) {
    const [logits] = await network.run([pixels]);
    return topPredictions(logits.data, model.classes, { top });
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

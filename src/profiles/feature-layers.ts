import { FEATURE_STRIDE, FEATURES_PER_LATENT, featureExtent, paddedExtent } from '../geometry.js';
import { machineSynthesis, synthesis } from '../networks/machine/synthesis.js';
import { tailLayer } from '../networks/resnet/backbone.js';
import { tensorNamed } from '../nn/layer.js';
import type { Synthesis } from './profile.js';

/** Layers of the network whose features can be decoded: the synthesis' own, and three of the tail behind it. */
export type FeatureLayer = 'f3' | 'layer2' | 'layer3' | 'layer4';

/** How the features of each layer are decoded. */
export const featureLayers: Readonly<Record<FeatureLayer, Synthesis>> = {
  f3: {
    network: machineSynthesis,
    output: 'f3',
    stride: FEATURE_STRIDE,
    // Whole latent positions, four rows and columns of features each.
    extent: featureExtent,
    channels: (tensors) => tensorNamed(tensors, 'gs.linear.weight').shape[0]! / FEATURES_PER_LATENT ** 2,
    refusal: 'bad-features',
  },
  layer2: behindTail(2, 8),
  layer3: behindTail(3, 16),
  layer4: behindTail(4, 32),
};

function behindTail(layer: 2 | 3 | 4, stride: number): Synthesis {
  return {
    network: {
      inputs: machineSynthesis.inputs,
      reads: ['synthesis', 'tail'],
      build: (ops, { latent }, tensors) => ({
        features: tailLayer(ops, synthesis(ops, latent, tensors), tensors, layer),
      }),
    },
    output: 'features',
    stride,
    extent: (pixels) => Math.ceil(paddedExtent(pixels) / stride),
    channels: (tensors) => tensorNamed(tensors, `tail.layer${layer}.0.conv3.weight`).shape[0]!,
    refusal: 'bad-features',
  };
}

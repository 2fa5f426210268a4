import { viewAnalysis, viewHyperAnalysis, viewSynthesis } from '../networks/view/transform.js';
import { codecSizes } from './codec-sizes.js';
import type { Profile } from './profile.js';

/** A picture for human eyes (DPC; Patel, Appalaraju, Manmatha, 2019). A model of it is a model of its own. */
export const view: Profile = {
  name: 'perceptual',
  result: 'picture',
  // 40 pixels in front of a latent's patch have a part in it, and as many behind it.
  encoder: { analysis: viewAnalysis, hyperAnalysis: viewHyperAnalysis, context: 3 },
  // Just the pixels of the picture, without the padding of its tiles.
  synthesis: {
    network: viewSynthesis,
    output: 'rgb',
    stride: 1,
    // A border of a tile is seen from 3.5 latents on either side of it.
    context: 4,
    extent: (pixels) => pixels,
    channels: () => 3,
    refusal: 'bad-pixels',
  },
  tensors: {
    entropy: ['hs.', 'entropy.', 'gain.'],
    encoder: ['ga.', 'ha.'],
    synthesis: ['gs.', 'gain.log2_inverse'],
    tail: [],
    heads: [],
    search: [],
    ranges: [],
  },
  foreign: ['head.', 're.', 'tail.', 'heads.', 'search.'],
  sizes: codecSizes,
};

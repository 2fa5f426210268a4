import { codecSizes } from './codec-sizes.js';
import type { Profile } from './profile.js';

/** A picture for human eyes (DPC; Patel, Appalaraju, Manmatha, 2019). A model of it is a model of its own. */
export const view: Profile = {
  name: 'perceptual',
  layer: 'view',
  result: 'picture',
  isCoded: false,
  tensors: {
    entropy: ['hs.', 'entropy.', 'gain.'],
    encoder: ['ga.', 'ha.'],
    synthesis: ['gs.', 'gain.log2_inverse'],
    tail: [],
    heads: [],
  },
  foreign: ['head.', 're.', 'tail.', 'heads.'],
  sizes: codecSizes,
};

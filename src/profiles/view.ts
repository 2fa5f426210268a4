import { viewDecoder, viewEncoder } from '../networks/view/transform.js';
import { codecSizes } from './codec-sizes.js';
import type { Profile } from './profile.js';

/** A picture for human eyes (DPC; Patel, Appalaraju, Manmatha, 2019). A model of it is a model of its own. */
export const view: Profile = {
  name: 'perceptual',
  result: 'picture',
  encoder: viewEncoder,
  // Just the pixels of the picture, without the padding of its tiles.
  synthesis: {
    network: viewDecoder,
    output: 'rgb',
    stride: 1,
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
  },
  foreign: ['head.', 're.', 'tail.', 'heads.', 'search.'],
  sizes: codecSizes,
};

import { machineEncoder } from '../networks/machine/encoder.js';
import { codecSizes } from './codec-sizes.js';
import { featureLayers } from './feature-layers.js';
import type { Profile } from './profile.js';

/** Features that networks go on from (DICM; Tang, Yi, Wang, 2025). */
export const machine: Profile = {
  name: 'semantic',
  result: 'features',
  encoder: { network: machineEncoder },
  synthesis: featureLayers.f3,
  tensors: {
    entropy: ['hs.', 'entropy.', 'gain.'],
    encoder: ['head.', 're.', 'ga.', 'ha.'],
    // How latents are scaled back is free to change: entropy decoding does not need it.
    synthesis: ['gs.', 'gain.log2_inverse'],
    tail: ['tail.'],
    heads: ['heads.'],
    search: ['search.'],
    ranges: ['ranges.'],
  },
  foreign: [],
  sizes: [
    ...codecSizes,
    {
      field: 'architecture.classes',
      stated: ({ architecture }) => architecture.classes ?? 0,
      tensor: 'tail.fc.weight',
      axis: 0,
    },
    {
      field: 'search.dimensions',
      stated: ({ search }) => search?.dimensions,
      tensor: 'search.components',
      axis: 0,
    },
    {
      field: 'the number of detection.categories',
      stated: ({ detection }) => detection?.categories.length,
      tensor: 'heads.level2.classes.weight',
      axis: 0,
    },
    {
      field: 'detection.maskChannels',
      stated: ({ detection }) => detection?.maskChannels,
      tensor: 'heads.mask.up.weight',
      axis: 0,
      // It is followed by a depth-to-space of factor 2.
      each: 4,
    },
  ],
};

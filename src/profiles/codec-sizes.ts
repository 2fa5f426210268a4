import type { StatedSize } from '../model/model-rules.js';

/** What a manifest says about the latents, of whatever profile. */
export const codecSizes: readonly StatedSize[] = [
  {
    field: 'architecture.latentChannels',
    stated: ({ architecture }) => architecture.latentChannels,
    tensor: 'gain.log2',
    axis: 1,
  },
  {
    field: 'architecture.latentChannels',
    stated: ({ architecture }) => architecture.latentChannels,
    tensor: 'hs.out.weight',
    axis: 0,
    // A mean and a scale.
    each: 2,
  },
  {
    field: 'architecture.hyperChannels',
    stated: ({ architecture }) => architecture.hyperChannels,
    tensor: 'hs.in.weight',
    axis: 1,
  },
  {
    field: 'architecture.qualityLevels',
    stated: ({ architecture }) => architecture.qualityLevels,
    tensor: 'gain.log2',
    axis: 0,
  },
];

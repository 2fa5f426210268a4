import { LATENT_STRIDE } from '../../geometry.js';
import type { Network } from '../../nn/backend.js';
import { head } from '../resnet/backbone.js';
import { analysis } from './analysis.js';
import { hyperAnalysis } from './hyper-analysis.js';
import { redundancyElimination } from './redundancy-elimination.js';

/**
 * RGB in [0, 1], a tile padded to multiples of 16 pixels, to y [h/16, w/16, latent] and
 * z [ceil(h/64), ceil(w/64), hyper], neither rounded.
 */
export const machineEncoder: Network<'rgb', 'y' | 'z'> = {
  inputs: () => ({ rgb: { channels: 3, multiple: LATENT_STRIDE } }),
  build: (ops, { rgb }, tensors) => {
    const f1 = head(ops, rgb, tensors);
    const y = analysis(ops, redundancyElimination(ops, f1, tensors), tensors);
    return { y, z: hyperAnalysis(ops, y, tensors) };
  },
};

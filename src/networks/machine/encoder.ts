import { FEATURES_PER_LATENT, LATENT_STRIDE } from '../../geometry.js';
import type { Network } from '../../nn/backend.js';
import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { recursiveGatedConvolutions } from '../blocks/recursive-gated-convolution.js';
import { head } from '../resnet/backbone.js';
import { hyperAnalysis } from './hyper-analysis.js';
import { redundancyElimination } from './redundancy-elimination.js';

/** g_a: f2 [h, w, features] to y [h/4, w/4, latent] for gain 1: a linear path over 4x4 patches plus a nonlinear one. */
export function analysis<V extends Value>(ops: Ops<V>, f2: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `ga.${part}`);
  const curved = ops.scope(() => {
    let x = ops.conv2d(f2, layer('down1'), { stride: 2 });
    x = recursiveGatedConvolutions(ops, x, tensors, 'ga.block1');
    x = ops.conv2d(x, layer('down2'), { stride: 2 });
    x = recursiveGatedConvolutions(ops, x, tensors, 'ga.block2');
    return ops.conv2d(x, layer('out'));
  });
  return ops.add(ops.conv2d(f2, layer('linear'), { stride: FEATURES_PER_LATENT }), curved);
}

/**
 * RGB in [0, 1], a tile padded to multiples of 16 pixels, to y [h/16, w/16, latent] and
 * z [ceil(h/64), ceil(w/64), hyper], neither rounded.
 */
export const machineEncoder: Network<'rgb', 'y' | 'z'> = {
  inputs: () => ({ rgb: { channels: 3, multiple: LATENT_STRIDE } }),
  reads: ['encoder'],
  build: (ops, { rgb }, tensors) => {
    const f1 = head(ops, rgb, tensors);
    const y = analysis(ops, redundancyElimination(ops, f1, tensors), tensors);
    return { y, z: hyperAnalysis(ops, y, tensors) };
  },
};

import { FEATURES_PER_LATENT } from '../../geometry.js';
import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { recursiveGatedConvolutions } from '../blocks/recursive-gated-convolution.js';

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

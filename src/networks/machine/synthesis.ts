import { FEATURES_PER_LATENT } from '../../geometry.js';
import type { Network } from '../../nn/backend.js';
import { layerNamed, tensorNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { recursiveGatedConvolutions } from '../blocks/recursive-gated-convolution.js';

/** g_s: dequantised y^ [h, w, latent] to f3 [4h, 4w, features], non-negative like f1. */
export function synthesis<V extends Value>(ops: Ops<V>, latent: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `gs.${part}`);
  return ops.scope(() => {
    let x = recursiveGatedConvolutions(ops, ops.conv2d(latent, layer('in')), tensors, 'gs.block1');
    x = ops.depthToSpace(ops.conv2d(x, layer('up1')), 2);
    x = recursiveGatedConvolutions(ops, x, tensors, 'gs.block2');
    const curved = ops.depthToSpace(ops.conv2d(x, layer('up2')), 2);
    const linear = ops.depthToSpace(ops.conv2d(latent, layer('linear')), FEATURES_PER_LATENT);
    return ops.relu(ops.add(linear, curved));
  });
}

/** y^, dequantised, one position for 16 x 16 pixels, to the features f3 [4h, 4w, features]. */
export const machineSynthesis: Network<'latent', 'f3'> = {
  inputs: (tensors) => ({
    latent: { channels: tensorNamed(tensors, 'gs.linear.weight').shape[1]!, multiple: 1 },
  }),
  reads: ['synthesis'],
  build: (ops, { latent }, tensors) => ({ f3: synthesis(ops, latent, tensors) }),
};

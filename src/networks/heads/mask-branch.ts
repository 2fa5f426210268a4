import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/** Mask features of all objects together: p2 [h, w, width] at stride 8 to [2h, 2w, mask channels] at stride 4. */
export function maskBranch<V extends Value>(ops: Ops<V>, p2: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `heads.mask.${part}`);
  return ops.scope(() => {
    const first = ops.conv2d(p2, layer('conv0'), { padding: 1, activation: 'relu' });
    const second = ops.conv2d(first, layer('conv1'), { padding: 1, activation: 'relu' });
    return ops.depthToSpace(ops.conv2d(second, layer('up')), 2);
  });
}

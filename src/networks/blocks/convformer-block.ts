import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/**
 * ConvFormer block of the redundancy elimination: convolutional modulation (Hou et al., Conv2Former, 2022), then
 * an MLP with a depthwise 3x3 inside. Norms and layer scales are folded into the weights. Keeps the shape of x.
 */
export function convFormerBlock<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string): V {
  const layer = (part: string) => layerNamed(tensors, `${name}.${part}`);
  const modulated = ops.scope(() => {
    const weights = ops.depthwiseConv2d(ops.gelu(ops.conv2d(x, layer('w1'))), layer('dw'), {
      padding: 'same',
    });
    return ops.add(x, ops.conv2d(ops.multiply(weights, ops.conv2d(x, layer('w3'))), layer('w2')));
  });
  return ops.scope(() => {
    const hidden = ops.conv2d(modulated, layer('m1'));
    const local = ops.add(hidden, ops.depthwiseConv2d(hidden, layer('mdw'), { padding: 'same' }));
    return ops.add(modulated, ops.conv2d(ops.gelu(local), layer('m2')));
  });
}

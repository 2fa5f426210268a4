import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/** Two 3x3 convolutions around a residual, without norms: x + conv2(relu(conv1(x))). Keeps the shape of x. */
export function residualBlock<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string): V {
  return ops.scope(() => {
    const hidden = ops.conv2d(x, layerNamed(tensors, `${name}.conv1`), {
      padding: 'same',
      activation: 'relu',
    });
    return ops.add(x, ops.conv2d(hidden, layerNamed(tensors, `${name}.conv2`), { padding: 'same' }));
  });
}

import { layerNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { Tensor, TensorMap } from '../tensor.js';
import { bottlenecks } from './bottleneck.js';

// Statistics of ImageNet's training pictures, which the weights were trained with.
const SHIFT = constant([-0.485, -0.456, -0.406]);
const SCALE = constant([1 / 0.229, 1 / 0.224, 1 / 0.225]);

/**
 * ResNet-50's stem and layer1: RGB in [0, 1] [h, w, 3] to f1 [h/4, w/4, features].
 */
export function head<V extends Value>(ops: Ops<V>, rgb: V, tensors: TensorMap): V {
  // Not folded into conv1: its padding is zero after normalisation, not before.
  const centred = ops.shiftChannels(rgb, 'normalise.shift', SHIFT);
  const normal = ops.scaleChannels(centred, 'normalise.scale', SCALE);
  const stem = ops.scope(() => {
    const options = { stride: 2, padding: 3, activation: 'relu' } as const;
    return ops.maxPool2d(ops.conv2d(normal, layerNamed(tensors, 'head.conv1'), options), 3, 2, 1);
  });
  return bottlenecks(ops, stem, tensors, 'head.layer1', 1);
}

function constant(values: number[]): Tensor {
  return { dtype: 'f32', shape: [values.length], data: Float32Array.from(values) };
}

import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { Tensor, TensorMap } from '../../tensor.js';
import { bottlenecks } from '../blocks/bottleneck.js';

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

/** Outputs of ResNet-50's layer2 (stride 8), layer3 (stride 16) and layer4 (stride 32). */
export interface TailFeatures<V extends Value> {
  readonly c2: V;
  readonly c3: V;
  readonly c4: V;
}

/**
 * One of ResNet-50's layers 2 to 4 on features f1 or decoded features f3 [h, w, features], and what comes before it, at
 * stride 8, 16 or 32.
 */
export function tailLayer<V extends Value>(ops: Ops<V>, f3: V, tensors: TensorMap, layer: 2 | 3 | 4): V {
  let x = f3;
  for (let each = 2; each <= layer; each++) x = bottlenecks(ops, x, tensors, `tail.layer${each}`, 2);
  return x;
}

/** ResNet-50's layer2 to layer4 on features f1 or decoded features f3 [h, w, features]. */
export function tail<V extends Value>(ops: Ops<V>, f3: V, tensors: TensorMap): TailFeatures<V> {
  const c2 = bottlenecks(ops, f3, tensors, 'tail.layer2', 2);
  const c3 = bottlenecks(ops, c2, tensors, 'tail.layer3', 2);
  const c4 = bottlenecks(ops, c3, tensors, 'tail.layer4', 2);
  return { c2, c3, c4 };
}

/** The classifier on c4's mean over the picture, tokens [1, channels]: logits [1, classes]. */
export function classifier<V extends Value>(ops: Ops<V>, pooled: V, tensors: TensorMap): V {
  return ops.linear(pooled, layerNamed(tensors, 'tail.fc'));
}

function constant(values: number[]): Tensor {
  return { dtype: 'f32', shape: [values.length], data: Float32Array.from(values) };
}

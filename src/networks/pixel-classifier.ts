import { layerNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { head } from './head.js';
import { tail } from './tail.js';

/**
 * rgb to [logits [classes]]: head and tail without the codec between them, which is the model's ResNet-50 on pixels.
 * The yardstick that time and accuracy of compressed files are measured against; takes the encoder's inputs.
 */
export function pixelClassifier<V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] {
  const { c4 } = tail(ops, head(ops, inputs[0]!, tensors), tensors);
  return [ops.linear(ops.globalAveragePool(c4), layerNamed(tensors, 'tail.fc'))];
}

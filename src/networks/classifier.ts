import type { InputSpec } from '../nn/backend.js';
import { layerNamed, tensorNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { synthesis } from './synthesis.js';
import { tail } from './tail.js';

/**
 * y^ to [logits [classes], pooled [layer4 channels]]: g_s, tail, mean over the tile, last layer. Logits are linear
 * in the pooled features, so the weighted mean of the tiles' logits is the logits of their weighted mean.
 */
export function classifier<V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] {
  const { c4 } = tail(ops, synthesis(ops, inputs[0]!, tensors), tensors);
  const pooled = ops.globalAveragePool(c4);
  return [ops.linear(pooled, layerNamed(tensors, 'tail.fc')), pooled];
}

/** y^ to [f3 [4h, 4w, features]]. */
export function features<V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] {
  return [synthesis(ops, inputs[0]!, tensors)];
}

/** Input of {@link classifier} and {@link features}: dequantised y^, one position for 16 x 16 pixels. */
export function latentInputs(tensors: TensorMap): InputSpec[] {
  const channels = tensorNamed(tensors, 'gs.linear.weight').shape[1]!;
  return [{ name: 'latent', channels, multiple: 1 }];
}

import type { InputSpec } from '../nn/backend.js';
import { tensorNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { synthesis } from './synthesis.js';

/** y^ to [f3 [4h, 4w, features]]. */
export function features<V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] {
  return [synthesis(ops, inputs[0]!, tensors)];
}

/** Input of networks that start at the latent: dequantised y^, one position for 16 x 16 pixels. */
export function latentInputs(tensors: TensorMap): InputSpec[] {
  const channels = tensorNamed(tensors, 'gs.linear.weight').shape[1]!;
  return [{ name: 'latent', channels, multiple: 1 }];
}

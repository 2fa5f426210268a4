import { ModelError } from '../errors.js';
import type { Tensor, TensorMap } from '../tensor.js';

/** Weight and bias of one layer. The name identifies the constants inside a compiled network. */
export interface Layer {
  readonly name: string;
  /** Convolutions: [out, in, height, width]; depthwise: [channels, 1, height, width]; linear: [out, in]. */
  readonly weight: Tensor;
  /** [out], where the layer has one. */
  readonly bias: Tensor | undefined;
}

/**
 * Finds a tensor of a model.
 *
 * @throws ModelError `missing-tensor`
 */
export function tensorNamed(tensors: TensorMap, name: string): Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new ModelError('missing-tensor', `the model has no tensor ${name}`);
  return tensor;
}

/**
 * Finds `<name>.weight` and, if it exists, `<name>.bias`.
 *
 * @throws ModelError `missing-tensor` when there is no weight
 */
export function layerNamed(tensors: TensorMap, name: string): Layer {
  return { name, weight: tensorNamed(tensors, `${name}.weight`), bias: tensors.get(`${name}.bias`) };
}

/**
 * Checks a layer against the operation that is about to use it.
 *
 * @param shape - what the weight must be; -1 takes any extent
 * @throws ModelError `bad-tensor`
 */
export function checkLayer(layer: Layer, shape: readonly number[]): void {
  checkShape(`${layer.name}.weight`, layer.weight, shape);
  if (layer.bias !== undefined) checkShape(`${layer.name}.bias`, layer.bias, [layer.weight.shape[0]!]);
}

/**
 * Checks type and shape of a float tensor.
 *
 * @throws ModelError `bad-tensor`
 */
export function checkShape(name: string, tensor: Tensor, shape: readonly number[]): void {
  const fits =
    tensor.shape.length === shape.length && shape.every((n, i) => n === -1 || n === tensor.shape[i]);
  if (fits && tensor.dtype === 'f32') return;
  const wanted = shape.map((n) => (n === -1 ? '*' : n)).join(', ');
  throw new ModelError(
    'bad-tensor',
    `${name} is ${tensor.dtype} [${tensor.shape.join(', ')}], the network needs f32 [${wanted}]`,
  );
}

import { ModelError } from '../errors.js';
import type { TensorMap } from '../tensor.js';

/**
 * Finds a float tensor and checks its rank, its values and, where given, its extents.
 *
 * @param shape - expected extents; -1 takes any
 * @param bound - largest magnitude allowed ([DICM-S-02]); every value must be finite
 * @throws ModelError `missing-tensor` or `bad-tensor`
 */
export function floatTensor(
  tensors: TensorMap,
  name: string,
  shape: readonly number[],
  bound: number,
): { shape: readonly number[]; data: Float32Array } {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new ModelError('missing-tensor', `the model has no tensor ${name}`);
  const fits =
    tensor.shape.length === shape.length && shape.every((n, i) => n === -1 || n === tensor.shape[i]);
  if (!fits || !(tensor.data instanceof Float32Array)) {
    const wanted = shape.map((n) => (n === -1 ? '*' : n)).join(', ');
    throw new ModelError(
      'bad-tensor',
      `${name} is ${tensor.dtype} [${tensor.shape.join(', ')}], not f32 [${wanted}]`,
    );
  }
  if (tensor.data.length !== tensor.shape.reduce((a, b) => a * b, 1)) {
    throw new ModelError('bad-tensor', `${name} has ${tensor.data.length} values for its shape`);
  }
  checkMagnitudes(name, tensor.data, bound);
  return { shape: tensor.shape, data: tensor.data };
}

function checkMagnitudes(name: string, data: Float32Array, bound: number): void {
  for (let i = 0; i < data.length; i++) {
    // Written so that NaN fails too.
    if (!(Math.abs(data[i]!) <= bound)) {
      throw new ModelError('bad-tensor', `${name} has ${data[i]} where magnitudes end at ${bound}`);
    }
  }
}

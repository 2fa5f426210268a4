import type { Tensor } from '../../tensor.js';
import type { Layer } from '../layer.js';

/**
 * A layer without bias whose weights are another's in another order. They are rearranged each time they are asked for,
 * which an executor does once.
 *
 * @param part - Tells rearrangements of one layer apart.
 * @param fill - Writes the new weights, zero so far.
 */
export function rearrangedLayer(
  { name, weight }: Layer,
  part: string,
  shape: readonly number[],
  fill: (from: Float32Array, to: Float32Array) => void,
): Layer {
  const tensor: Tensor = {
    dtype: 'f32',
    shape,
    get data() {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      fill(weight.data as Float32Array, values);
      return values;
    },
  };
  return { name: `${name}.${part}`, weight: tensor, bias: undefined };
}

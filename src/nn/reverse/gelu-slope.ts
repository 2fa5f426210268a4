import type { Tensor } from '../../tensor.js';
import type { Ops, Value } from '../ops.js';

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

/**
 * Derivative of GELU in its tanh form. With u = 2 sqrt(2/pi) (x + 0.044715 x^3) that form is x s(u), s the sigmoid, and
 * its derivative s + x s (1 - s) u'.
 */
export function geluSlope<V extends Value>(ops: Ops<V>, x: V): V {
  const plus = (value: V, by: number) => ops.shiftChannels(value, `plus ${by} ${x.channels}`, filled(x, by));
  const square = ops.multiply(x, x);
  const slope = plus(ops.scale(square, 2 * SQRT_2_OVER_PI * CUBE), 2 * SQRT_2_OVER_PI);
  const s = ops.sigmoid(ops.multiply(x, slope));
  const inner = plus(ops.scale(square, 6 * SQRT_2_OVER_PI * CUBE), 2 * SQRT_2_OVER_PI);
  const bend = ops.multiply(ops.subtract(s, ops.multiply(s, s)), ops.multiply(x, inner));
  return ops.add(s, bend);
}

function filled(x: Value, value: number): Tensor {
  return { dtype: 'f32', shape: [x.channels], data: new Float32Array(x.channels).fill(value) };
}

import { ModelError } from '../errors.js';
import type { Value } from './ops.js';

/**
 * Checks operands of an element-by-element operation.
 *
 * @throws ModelError `bad-tensor`: the model's layers do not fit together
 */
export function checkSameChannels(a: Value, b: Value): void {
  if (!Object.is(a.channels, b.channels)) {
    throw new ModelError('bad-tensor', `the model joins ${a.channels} channels with ${b.channels}`);
  }
}

/**
 * Checks that channels divide evenly, as splitting into heads and rearranging into space need.
 *
 * @throws ModelError `bad-tensor`
 */
export function checkDivisible(x: Value, divisor: number): void {
  if (x.channels % divisor !== 0) {
    throw new ModelError('bad-tensor', `the model divides ${x.channels} channels by ${divisor}`);
  }
}

/**
 * Checks the sizes of a split.
 *
 * @throws ModelError `bad-tensor`
 */
export function checkSplit(x: Value, sizes: readonly number[]): void {
  if (sizes.reduce((a, b) => a + b, 0) !== x.channels || sizes.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ModelError('bad-tensor', `the model splits ${x.channels} channels into ${sizes.join(' + ')}`);
  }
}

import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/** Applies the blocks `<name>.0`, `<name>.1`, ... that the model has; their number is not written anywhere else. */
export function stack<V extends Value>(
  ops: Ops<V>,
  x: V,
  tensors: TensorMap,
  name: string,
  block: (x: V, name: string, index: number) => V,
): V {
  const indexes = new Set<number>();
  for (const key of tensors.keys()) {
    if (key.startsWith(`${name}.`)) indexes.add(Number.parseInt(key.slice(name.length + 1), 10));
  }
  let value = x;
  for (let i = 0; indexes.has(i); i++) {
    const input = value;
    value = ops.scope(() => block(input, `${name}.${i}`, i));
  }
  return value;
}

import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { stack } from './stack.js';

/**
 * Largest magnitude of a block's product of three gates. On photographs it stays below half of it; on latents unlike theirs
 * a product of products, block after block, would have no bound (docs/architecture.md).
 */
const PRODUCT_LIMIT = 32;

/** Recursive gated convolution blocks `<name>.0`, `<name>.1`, ... after one another. */
export function recursiveGatedConvolutions<V extends Value>(
  ops: Ops<V>,
  x: V,
  tensors: TensorMap,
  name: string,
): V {
  return stack(ops, x, tensors, name, (input, block) =>
    recursiveGatedConvolution(ops, input, tensors, block),
  );
}

/**
 * Recursive gated convolution of order 3 (Rao et al., HorNet, 2022), then an MLP. The division of the depthwise
 * convolution by 3, norms and layer scales are folded into the weights. Keeps the shape of x.
 */
function recursiveGatedConvolution<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string): V {
  const layer = (part: string) => layerNamed(tensors, `${name}.${part}`);
  const mixed = ops.scope(() => {
    const sizes = gateSizes(x.channels);
    const win = ops.conv2d(x, layer('win'));
    const [first, rest] = ops.split(win, [sizes[0]!, win.channels - sizes[0]!]) as [V, V];
    const gates = ops.split(ops.depthwiseConv2d(rest, layer('dw'), { padding: 'same' }), sizes) as [V, V, V];
    let p = ops.multiply(first, gates[0]);
    p = ops.multiply(ops.conv2d(p, layer('w1')), gates[1]);
    p = ops.clamp(ops.multiply(ops.conv2d(p, layer('w2')), gates[2]), PRODUCT_LIMIT);
    return ops.add(x, ops.conv2d(p, layer('wout')));
  });
  return ops.scope(() => ops.add(mixed, ops.conv2d(ops.gelu(ops.conv2d(mixed, layer('m1'))), layer('m2'))));
}

/** Channels of the three gates: each doubles the one before, the last has all. */
function gateSizes(channels: number): number[] {
  return [channels / 4, channels / 2, channels];
}

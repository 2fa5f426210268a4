import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/** Channels of an attention head; fixed by the format, because hyper-synthesis has the same. */
const HEAD_CHANNELS = 32;
const EPSILON = 1e-6;

/**
 * Vision-Transformer block over all positions of a tile, with a hard-swish MLP. Keeps the shape of the image x.
 */
export function vitBlock<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string): V {
  const layer = (part: string) => layerNamed(tensors, `${name}.${part}`);
  const tokens = ops.toTokens(x);
  const attended = ops.scope(() => {
    const qkv = ops.linear(ops.layerNorm(tokens, layer('norm1'), EPSILON), layer('qkv'));
    const parts = ops.split(qkv, [x.channels, x.channels, x.channels]);
    const [q, k, v] = parts.map((part) => ops.splitHeads(part, HEAD_CHANNELS)) as [V, V, V];
    const scores = ops.matMul(ops.scale(q, 1 / Math.sqrt(HEAD_CHANNELS)), k, true);
    const values = ops.mergeHeads(ops.matMul(ops.softmax(scores), v));
    return ops.add(tokens, ops.linear(values, layer('proj')));
  });
  const out = ops.scope(() => {
    const hidden = ops.hardSwish(ops.linear(ops.layerNorm(attended, layer('norm2'), EPSILON), layer('mlp1')));
    return ops.add(attended, ops.linear(hidden, layer('mlp2')));
  });
  return ops.fromTokens(out, x);
}

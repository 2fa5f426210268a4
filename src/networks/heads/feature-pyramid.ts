import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import type { TailFeatures } from '../resnet/backbone.js';

/** Levels of the feature pyramid, at strides 8, 16 and 32; all have the same width. */
export interface PyramidFeatures<V extends Value> {
  readonly p2: V;
  readonly p3: V;
  readonly p4: V;
}

/**
 * Feature pyramid over the tail's outputs (Lin et al., Feature Pyramid Networks, 2017), with a ReLU after the last
 * convolution of each level: the level below gets what the one above knows about the same place.
 */
export function featurePyramid<V extends Value>(
  ops: Ops<V>,
  { c2, c3, c4 }: TailFeatures<V>,
  tensors: TensorMap,
): PyramidFeatures<V> {
  const lateral = (c: V, level: number) => ops.conv2d(c, layerNamed(tensors, `heads.fpn.lateral${level}`));
  const out = (l: V, level: number) =>
    ops.conv2d(l, layerNamed(tensors, `heads.fpn.out${level}`), { padding: 1, activation: 'relu' });
  const below = (c: V, level: number, above: V) =>
    ops.scope(() => {
      const across = lateral(c, level);
      return ops.add(across, doubled(ops, above, across));
    });
  const l4 = lateral(c4, 4);
  const l3 = below(c3, 3, l4);
  const l2 = below(c2, 2, l3);
  return { p2: out(l2, 2), p3: out(l3, 3), p4: out(l4, 4) };
}

/** Each position four times, cut to the size of `like`: the level below has an odd size where pixels were rounded up. */
function doubled<V extends Value>(ops: Ops<V>, x: V, like: V): V {
  return ops.cropLike(ops.depthToSpace(ops.concat([x, x, x, x]), 2), like);
}

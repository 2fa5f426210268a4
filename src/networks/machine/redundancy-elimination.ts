import { layerNamed, tensorNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { convFormerBlock } from '../blocks/convformer-block.js';

/** encoder_RE: f1 [h, w, features] to RE's latent r [h/4, w/4, redundancy], before rounding. */
export function encodeRedundancy<V extends Value>(ops: Ops<V>, f1: V, tensors: TensorMap): V {
  const down1 = ops.conv2d(f1, layerNamed(tensors, 're.encoder.down1'), { stride: 2 });
  const x = convFormerBlock(ops, down1, tensors, 're.encoder.block1');
  return ops.conv2d(x, layerNamed(tensors, 're.encoder.down2'), { stride: 2 });
}

/** decoder_RE: rounded r^ to d, shaped like f1. */
export function decodeRedundancy<V extends Value>(ops: Ops<V>, rounded: V, tensors: TensorMap): V {
  const up1 = ops.depthToSpace(ops.conv2d(rounded, layerNamed(tensors, 're.decoder.up1')), 2);
  const x = convFormerBlock(ops, up1, tensors, 're.decoder.block1');
  return ops.depthToSpace(ops.conv2d(x, layerNamed(tensors, 're.decoder.up2')), 2);
}

/** f2: between f1 and what survives the bitrate constraint, d, by a learned amount per channel. */
export function combineRedundancy<V extends Value>(ops: Ops<V>, f1: V, d: V, tensors: TensorMap): V {
  const step = ops.scaleChannels(ops.subtract(d, f1), 're.mix', tensorNamed(tensors, 're.mix'));
  return ops.add(f1, step);
}

/** Redundancy elimination: f1 to f2 of the same shape. What has no share in any channel of f2 is not computed. */
export function redundancyElimination<V extends Value>(ops: Ops<V>, f1: V, tensors: TensorMap): V {
  if (tensorNamed(tensors, 're.mix').data.every((share) => share === 0)) return f1;
  return ops.scope(() => {
    const rounded = ops.round(encodeRedundancy(ops, f1, tensors));
    return combineRedundancy(ops, f1, decodeRedundancy(ops, rounded, tensors), tensors);
  });
}

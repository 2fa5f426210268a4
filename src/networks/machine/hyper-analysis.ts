import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { vitBlock } from '../blocks/vit-block.js';

/** h_a: y [h, w, latent] to z [ceil(h/4), ceil(w/4), hyper], before rounding. */
export function hyperAnalysis<V extends Value>(ops: Ops<V>, y: V, tensors: TensorMap): V {
  return ops.scope(() => {
    const x = stage(ops, y, tensors, 1);
    return ops.conv2d(stage(ops, x, tensors, 2), layerNamed(tensors, 'ha.out'));
  });
}

/** Halves height and width, rounding up, then lets positions see their neighbours and all others. */
function stage<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, number: 1 | 2): V {
  // `same` for a 2x2 kernel at stride 2 is the zero row or column that makes an odd size even.
  const down = ops.conv2d(x, layerNamed(tensors, `ha.down${number}`), { stride: 2, padding: 'same' });
  const around = ops.depthwiseConv2d(down, layerNamed(tensors, `ha.cpe${number}`), { padding: 'same' });
  return vitBlock(ops, ops.add(down, around), tensors, `ha.vit${number}`);
}

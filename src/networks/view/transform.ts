import { LATENT_STRIDE } from '../../geometry.js';
import type { Network } from '../../nn/backend.js';
import { layerNamed, tensorNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { Tensor, TensorMap } from '../../tensor.js';
import { residualBlock } from '../blocks/residual-block.js';
import { hyperAnalysis } from '../machine/hyper-analysis.js';

/** Samples are centred, so that a grey picture is zero and what a network gives can be clamped to what a screen shows. */
const CENTRE = 0.5;
const SHIFT = shift(-CENTRE);
const UNSHIFT = shift(CENTRE);

/** Pixels per position of the finest features, on a side: patches of as many pixels are what a position stands for. */
const PATCH = 4;

/**
 * g_a of the view layer: RGB in [0, 1] [16h, 16w, 3] to y [h, w, latent], before rounding. A linear transform of patches of
 * 16 x 16 pixels (`ga.linear`), and beside it what convolutions at strides 4 and 8 add to it.
 */
export function analysis<V extends Value>(ops: Ops<V>, rgb: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `ga.${part}`);
  return ops.scope(() => {
    const centred = ops.shiftChannels(rgb, 'view.shift', SHIFT);
    let t = ops.conv2d(centred, layer('in'), { stride: PATCH });
    t = residualBlock(ops, t, tensors, 'ga.block1');
    t = ops.conv2d(t, layer('down1'), { stride: 2 });
    t = residualBlock(ops, t, tensors, 'ga.block2');
    t = residualBlock(ops, t, tensors, 'ga.block3');
    const linear = ops.conv2d(centred, layer('linear'), { stride: LATENT_STRIDE });
    return ops.add(linear, ops.conv2d(t, layer('down2'), { stride: 2 }));
  });
}

/**
 * g_s of the view layer: y^ [h, w, latent], dequantised, to RGB in [0, 1] [16h, 16w, 3]. The linear path (`gs.linear`)
 * gives each latent's patch of 16 x 16 pixels, here as 4 x 4 positions of 4 x 4 pixels; the other one corrects it, at
 * strides 8 and 4, knowing what the linear one gave.
 */
export function synthesis<V extends Value>(ops: Ops<V>, latent: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `gs.${part}`);
  return ops.scope(() => {
    const linear = ops.depthToSpace(ops.conv2d(latent, layer('linear')), LATENT_STRIDE / PATCH);
    let t = ops.depthToSpace(ops.conv2d(latent, layer('in')), 2);
    t = residualBlock(ops, t, tensors, 'gs.block1');
    t = residualBlock(ops, t, tensors, 'gs.block2');
    const up = ops.depthToSpace(ops.conv2d(t, layer('up')), 2);
    t = ops.add(up, ops.conv2d(linear, layer('skip'), { padding: 'same' }));
    t = residualBlock(ops, t, tensors, 'gs.block3');
    t = residualBlock(ops, t, tensors, 'gs.block4');
    const patches = ops.add(linear, ops.conv2d(t, layer('out'), { padding: 'same' }));
    const centred = ops.clamp(ops.depthToSpace(patches, PATCH), CENTRE);
    return ops.shiftChannels(centred, 'view.unshift', UNSHIFT);
  });
}

/** RGB in [0, 1], padded to multiples of 16 pixels, to y. */
export const viewAnalysis: Network<'rgb', 'y'> = {
  inputs: () => ({ rgb: { channels: 3, multiple: LATENT_STRIDE } }),
  reads: ['encoder'],
  build: (ops, { rgb }, tensors) => ({ y: analysis(ops, rgb, tensors) }),
};

/** y of a tile to z [ceil(h/4), ceil(w/4), hyper], before rounding: h_a is the machine layer's. */
export const viewHyperAnalysis: Network<'y', 'z'> = {
  inputs: (tensors) => ({ y: { channels: tensorNamed(tensors, 'ga.linear.weight').shape[0]!, multiple: 1 } }),
  reads: ['encoder'],
  build: (ops, { y }, tensors) => ({ z: hyperAnalysis(ops, y, tensors) }),
};

/** y^, dequantised, one position for 16 x 16 pixels, to RGB in [0, 1]. */
export const viewSynthesis: Network<'latent', 'rgb'> = {
  inputs: (tensors) => ({
    latent: { channels: tensorNamed(tensors, 'gs.linear.weight').shape[1]!, multiple: 1 },
  }),
  reads: ['synthesis'],
  build: (ops, { latent }, tensors) => ({ rgb: synthesis(ops, latent, tensors) }),
};

function shift(by: number): Tensor {
  return { dtype: 'f32', shape: [3], data: new Float32Array(3).fill(by) };
}

import { LATENT_STRIDE } from '../../geometry.js';
import type { Network } from '../../nn/backend.js';
import { layerNamed, tensorNamed } from '../../nn/layer.js';
import type { Tensor } from '../../tensor.js';
import { hyperAnalysis } from '../machine/hyper-analysis.js';

/** Samples are centred, so that a grey picture is zero and what a network gives can be clamped to what a screen shows. */
const CENTRE = 0.5;
const SHIFT = shift(-CENTRE);
const UNSHIFT = shift(CENTRE);

/**
 * RGB in [0, 1], a tile padded to multiples of 16 pixels, to y [h/16, w/16, latent] and z [ceil(h/64), ceil(w/64), hyper],
 * neither rounded: g_a of the view layer is a linear transform of patches of 16 x 16 pixels (`ga.linear`), h_a the
 * machine layer's.
 */
export const viewEncoder: Network<'rgb', 'y' | 'z'> = {
  inputs: () => ({ rgb: { channels: 3, multiple: LATENT_STRIDE } }),
  reads: ['encoder'],
  build: (ops, { rgb }, tensors) => {
    const centred = ops.shiftChannels(rgb, 'view.shift', SHIFT);
    const y = ops.conv2d(centred, layerNamed(tensors, 'ga.linear'), { stride: LATENT_STRIDE });
    return { y, z: hyperAnalysis(ops, y, tensors) };
  },
};

/** y^, dequantised, to RGB in [0, 1] [16h, 16w, 3]: g_s of the view layer, back to patches (`gs.linear`). */
export const viewSynthesis: Network<'latent', 'rgb'> = {
  inputs: (tensors) => ({
    latent: { channels: tensorNamed(tensors, 'gs.linear.weight').shape[1]!, multiple: 1 },
  }),
  reads: ['synthesis'],
  build: (ops, { latent }, tensors) => {
    const patches = ops.conv2d(latent, layerNamed(tensors, 'gs.linear'));
    const centred = ops.clamp(ops.depthToSpace(patches, LATENT_STRIDE), CENTRE);
    return { rgb: ops.shiftChannels(centred, 'view.unshift', UNSHIFT) };
  },
};

function shift(by: number): Tensor {
  return { dtype: 'f32', shape: [3], data: new Float32Array(3).fill(by) };
}

import type { Named, Network } from '../../nn/backend.js';
import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { Tensor, TensorMap } from '../../tensor.js';

// Statistics of ImageNet's training pictures, which the weights were trained with.
const SHIFT = constant([-0.485, -0.456, -0.406]);
const SCALE = constant([1 / 0.229, 1 / 0.224, 1 / 0.225]);

/** What lies between a point and the one before it, modules by their places in torchvision's `features`. */
const STAGES: readonly { readonly isPooled: boolean; readonly fires: readonly number[] }[] = [
  { isPooled: true, fires: [3, 4] },
  { isPooled: true, fires: [6, 7] },
  { isPooled: true, fires: [9] },
  ...[10, 11, 12].map((fire) => ({ isPooled: false, fires: [fire] })),
];

/** Names of the points at which LPIPS compares, in the order of its linear heads. */
export const squeezePoints = ['point0', 'point1', 'point2', 'point3', 'point4', 'point5', 'point6'] as const;

/** One of {@link squeezePoints}. */
type SqueezePoint = (typeof squeezePoints)[number];

/** Shortest side, in pixels, of which every pooling has a value. */
const MIN_SQUEEZE_SIDE = 17;

/**
 * The features of SqueezeNet 1.1 (Iandola et al. 2016) in which LPIPS "squeeze" compares (Zhang et al. 2018): RGB in [0, 1]
 * to what the first convolution gives after its ReLU, the last module before each pooling, and each of the last four; 64
 * channels at stride 2, 128 at 4, 256 at 8, then 384, 384, 512 and 512 at 16. Tensors have torchvision's names.
 */
export const squeezeFeatures: Network<'rgb', SqueezePoint> = {
  inputs: () => ({
    rgb: { channels: 3, multiple: 1, smallest: [MIN_SQUEEZE_SIDE, MIN_SQUEEZE_SIDE] },
  }),
  build: (ops, { rgb }, tensors) => {
    const centred = ops.shiftChannels(rgb, 'lpips.shift', SHIFT);
    const normal = ops.scaleChannels(centred, 'lpips.scale', SCALE);
    const options = { stride: 2, activation: 'relu' } as const;
    const points = [ops.conv2d(normal, layerNamed(tensors, 'features.0'), options)];
    for (const { isPooled, fires } of STAGES) {
      const before = points.at(-1)!;
      points.push(
        ops.scope(() => {
          const pooled = isPooled ? pool(ops, before) : before;
          return fires.reduce((x, place) => fire(ops, x, tensors, `features.${place}`), pooled);
        }),
      );
    }
    const named = squeezePoints.map((name, i) => [name, points[i]!]);
    return Object.fromEntries(named) as Named<(typeof points)[0], SqueezePoint>;
  },
};

/** 3x3/2 whose last windows may reach over the edge: what is pooled comes out of a ReLU, so a row of zeros never wins. */
function pool<V extends Value>(ops: Ops<V>, x: V): V {
  return ops.maxPool2d(ops.pad(x, { top: 0, left: 0, bottom: 1, right: 1 }), 3, 2, 0);
}

/** 1x1 to few channels, then 1x1 and 3x3 side by side; a ReLU after each. */
function fire<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string): V {
  const activation = 'relu';
  const squeezed = ops.conv2d(x, layerNamed(tensors, `${name}.squeeze`), { activation });
  return ops.concat([
    ops.conv2d(squeezed, layerNamed(tensors, `${name}.expand1x1`), { activation }),
    ops.conv2d(squeezed, layerNamed(tensors, `${name}.expand3x3`), { padding: 1, activation }),
  ]);
}

function constant(values: number[]): Tensor {
  return { dtype: 'f32', shape: [values.length], data: Float32Array.from(values) };
}

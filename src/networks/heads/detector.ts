import { layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';

/** What the detector says at each position of one level of the pyramid. */
export interface DetectionFeatures<V extends Value> {
  /** Logit of each category, [h, w, categories]. */
  readonly classes: V;
  /** Logarithms of the distances to the left, top, right and bottom edge in strides, [h, w, 4]. */
  readonly distances: V;
  /** Parameters of the position's own mask network, [h, w, parameters]; only where masks are wanted. */
  readonly controller?: V;
}

/**
 * Anchor-free detector on a level of the pyramid (Tian et al., FCOS, 2019): a tower of two convolutions for the
 * category, another for the box and, with `masks`, for the controller of the mask (Tian et al., Conditional
 * Convolutions for Instance Segmentation, 2020). Towers are not shared between levels.
 *
 * @param level - 2, 3 or 4.
 */
export function detectionHead<V extends Value>(
  ops: Ops<V>,
  p: V,
  tensors: TensorMap,
  level: number,
  masks: boolean,
): DetectionFeatures<V> {
  const layer = (part: string) => layerNamed(tensors, `heads.level${level}.${part}`);
  const tower = (name: string) =>
    ops.scope(() => {
      const first = ops.conv2d(p, layer(`${name}0`), { padding: 1, activation: 'relu' });
      return ops.conv2d(first, layer(`${name}1`), { padding: 1, activation: 'relu' });
    });
  const classes = ops.conv2d(tower('cls'), layer('classes'), { padding: 1 });
  const box = tower('box');
  const distances = ops.conv2d(box, layer('distances'), { padding: 1 });
  return masks
    ? { classes, distances, controller: ops.conv2d(box, layer('controller'), { padding: 1 }) }
    : { classes, distances };
}

/** Mask features of all objects together: p2 [h, w, width] at stride 8 to [2h, 2w, mask channels] at stride 4. */
export function maskBranch<V extends Value>(ops: Ops<V>, p2: V, tensors: TensorMap): V {
  const layer = (part: string) => layerNamed(tensors, `heads.mask.${part}`);
  return ops.scope(() => {
    const first = ops.conv2d(p2, layer('conv0'), { padding: 1, activation: 'relu' });
    const second = ops.conv2d(first, layer('conv1'), { padding: 1, activation: 'relu' });
    return ops.depthToSpace(ops.conv2d(second, layer('up')), 2);
  });
}

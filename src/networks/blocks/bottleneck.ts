import { type Layer, layerNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import type { TensorMap } from '../../tensor.js';
import { stack } from './stack.js';

/**
 * ResNet-50 layer: bottleneck blocks `<name>.0`, `<name>.1`, ...; the first one has the stride. He et al., Deep
 * Residual Learning, 2016, with the stride in the 3x3 convolution. Batch norms are folded.
 */
export function bottlenecks<V extends Value>(
  ops: Ops<V>,
  x: V,
  tensors: TensorMap,
  name: string,
  stride: number,
): V {
  return stack(ops, x, tensors, name, (input, block, index) =>
    bottleneck(ops, input, tensors, block, index === 0 ? stride : 1),
  );
}

function bottleneck<V extends Value>(ops: Ops<V>, x: V, tensors: TensorMap, name: string, stride: number): V {
  const layer = (part: string): Layer => layerNamed(tensors, `${name}.${part}`);
  let y = ops.conv2d(x, layer('conv1'), { activation: 'relu' });
  y = ops.conv2d(y, layer('conv2'), { stride, padding: 1, activation: 'relu' });
  y = ops.conv2d(y, layer('conv3'));
  const shortcut = tensors.has(`${name}.downsample.weight`)
    ? ops.conv2d(x, layer('downsample'), { stride })
    : x;
  return ops.relu(ops.add(y, shortcut));
}

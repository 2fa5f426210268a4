import type { Layer } from '../layer.js';
import type { ConvolutionOptions, Ops, Value } from '../ops.js';
import { rearrangedLayer } from './rearranged-layer.js';

/**
 * Gradient of a convolution with respect to its input, as a convolution of the gradient of its output: the kernel is
 * turned around and its channels change places. With a stride, every one of the stride^2 places that a pixel can have
 * between two outputs has a kernel of its own, the part of the weights that reaches it; they are run as one
 * convolution with stride^2 times the channels, whose outputs a depth-to-space puts in their places. So no zeros are
 * multiplied, and no executor needs a transposed convolution.
 *
 * @param gradient - Of the convolution's output, before its activation.
 * @param input - What the convolution was given; only its size is used.
 * @throws RangeError for padding `same` with a stride, whose upper edge depends on the size
 */
export function convolutionGradient<V extends Value>(
  ops: Ops<V>,
  gradient: V,
  layer: Layer,
  { stride = 1, padding = 0 }: ConvolutionOptions,
  input: V,
): V {
  const kernel = layer.weight.shape[2]!;
  const [first, last] = paddedPixels(kernel, stride, padding);
  if (kernel === 1 && first === 0) {
    const pixels = ops.conv2d(gradient, phases(layer, 1, 0, 0, 0));
    return stride === 1 ? pixels : ops.cropLike(spacedOut(ops, pixels, stride), input);
  }
  // Input pixel stride * q + r was multiplied by weight r + first + stride * m of output q - m.
  const before = Math.floor((kernel - 1 - first) / stride);
  const after = Math.floor((stride - 1 + first) / stride);
  const kernels = phases(layer, stride, first, before, after);
  if (stride === 1) return ops.conv2d(...padded(ops, gradient, before, kernel - 1 - last, kernels));
  // Input pixels behind the reach of the last output there may be, up to a whole step.
  const beyond = Math.max(0, Math.ceil((kernel - 1 - 2 * first) / stride));
  const placed = ops.conv2d(...padded(ops, gradient, before, after + beyond, kernels));
  return ops.cropLike(ops.depthToSpace(placed, stride), input);
}

/**
 * Gradient of a depthwise convolution of stride 1 with respect to its input.
 *
 * @param gradient - Of its output, before its activation.
 * @throws RangeError for another stride
 */
export function depthwiseGradient<V extends Value>(
  ops: Ops<V>,
  gradient: V,
  layer: Layer,
  { stride = 1, padding = 0 }: ConvolutionOptions,
): V {
  if (stride !== 1) throw new RangeError(`no gradient of a depthwise convolution of stride ${stride}`);
  const [channels, , kernel] = layer.weight.shape as [number, number, number, number];
  const turned = rearrangedLayer(layer, 'turned', [channels, 1, kernel, kernel], (from, to) => {
    const size = kernel ** 2;
    for (let i = 0; i < to.length; i++) to[i] = from[i - (i % size) + size - 1 - (i % size)]!;
  });
  const [first, last] = paddedPixels(kernel, stride, padding);
  return ops.depthwiseConv2d(...padded(ops, gradient, kernel - 1 - first, kernel - 1 - last, turned));
}

/** Pixels of zero padding that a convolution adds before the first one and behind the last one. */
function paddedPixels(kernel: number, stride: number, padding: number | 'same'): [number, number] {
  if (padding !== 'same') return [padding, padding];
  if (stride !== 1) throw new RangeError('no gradient of a convolution with a stride and padding `same`');
  const first = Math.floor((kernel - 1) / 2);
  return [first, kernel - 1 - first];
}

/** What to call a convolution with for uneven padding: executors pad evenly themselves, without a copy. */
function padded<V extends Value>(
  ops: Ops<V>,
  x: V,
  before: number,
  after: number,
  layer: Layer,
): [V, Layer, ConvolutionOptions] {
  if (before === after) return [x, layer, { padding: before }];
  const edges = { top: before, left: before, bottom: after, right: after };
  return [ops.pad(x, edges), layer, {}];
}

/** An image with zeros between its pixels, each of which is the first of factor x factor. */
function spacedOut<V extends Value>(ops: Ops<V>, x: V, factor: number): V {
  const zeros = ops.scale(x, 0);
  return ops.depthToSpace(ops.concat([x, ...Array<V>(factor ** 2 - 1).fill(zeros)]), factor);
}

/** The kernels of all places between outputs: [stride * stride * in, out, before + after + 1, the same]. */
function phases(layer: Layer, stride: number, first: number, before: number, after: number): Layer {
  const [out, inner, kernel] = layer.weight.shape as [number, number, number, number];
  const size = before + after + 1;
  const shape = [stride ** 2 * inner, out, size, size];
  return rearrangedLayer(layer, `phases${stride}.${first}`, shape, (from, to) => {
    for (let place = 0, at = 0; place < stride ** 2 * inner; place++) {
      const r = Math.floor(place / inner);
      const [dy, dx, i] = [Math.floor(r / stride), r % stride, place % inner];
      for (let o = 0; o < out; o++) {
        for (let u = 0; u < size; u++) {
          const ky = dy + first + stride * (before - u);
          for (let v = 0; v < size; v++, at++) {
            const kx = dx + first + stride * (before - v);
            if (ky < 0 || kx < 0 || ky >= kernel || kx >= kernel) continue;
            to[at] = from[((o * inner + i) * kernel + ky) * kernel + kx]!;
          }
        }
      }
    }
  });
}

import type * as tfjs from '@tensorflow/tfjs-core';
import type { Tensor } from '../../tensor.js';
import type { Layer } from '../layer.js';

/**
 * Weights of a compiled network as tensors of TensorFlow.js, in the layout its operations take. Each is
 * uploaded when it is first asked for and kept until the store is disposed of.
 */
export class ConstantStore {
  readonly #tf: typeof tfjs;
  readonly #tensors = new Map<string, tfjs.Tensor>();

  constructor(tf: typeof tfjs) {
    this.#tf = tf;
  }

  /** Weight [out, in, h, w] as [h, w, in, out]. */
  convolution(layer: Layer): tfjs.Tensor {
    return this.#once(`${layer.name}.weight`, () => {
      const [out, inner, height, width] = layer.weight.shape as [number, number, number, number];
      const values = transposed(layer.weight.data as Float32Array, out, inner, height * width);
      return this.#tf.tensor4d(values, [height, width, inner, out]);
    });
  }

  /** Weight [channels, 1, h, w] as [h, w, channels, 1]. */
  depthwise(layer: Layer): tfjs.Tensor {
    return this.#once(`${layer.name}.weight`, () => {
      const [channels, , height, width] = layer.weight.shape as [number, number, number, number];
      const values = transposed(layer.weight.data as Float32Array, channels, 1, height * width);
      return this.#tf.tensor4d(values, [height, width, channels, 1]);
    });
  }

  /** Weight [out, in] as [in, out]. */
  matrix(layer: Layer): tfjs.Tensor {
    return this.#once(`${layer.name}.weight`, () => {
      const [out, inner] = layer.weight.shape as [number, number];
      const values = transposed(layer.weight.data as Float32Array, out, inner, 1);
      return this.#tf.tensor2d(values, [inner, out]);
    });
  }

  /** Bias [out], where the layer has one. */
  bias(layer: Layer): tfjs.Tensor | undefined {
    return layer.bias === undefined ? undefined : this.vector(`${layer.name}.bias`, layer.bias);
  }

  /** One number a channel. */
  vector(name: string, tensor: Tensor): tfjs.Tensor {
    return this.#once(name, () => this.#tf.tensor1d(tensor.data as Float32Array));
  }

  /** Releases all tensors. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }

  #once(name: string, make: () => tfjs.Tensor): tfjs.Tensor {
    let tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      tensor = this.#tf.keep(make());
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }
}

/** [out][inner][space] to [space][inner][out]. */
function transposed(values: Float32Array, out: number, inner: number, space: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let o = 0, from = 0; o < out; o++) {
    for (let i = 0; i < inner; i++) {
      for (let s = 0, to = i * out + o; s < space; s++, from++, to += inner * out) {
        result[to] = values[from]!;
      }
    }
  }
  return result;
}

import fc from 'fast-check';
import type { Tensor } from '../../src/tensor.js';

/** Widths of a hyper-synthesis. */
export interface Shape {
  hyperChannels: number;
  latentChannels: number;
  widths: readonly [number, number, number];
}

/** Shapes of small models, widths up to `largestFactor` times 32. */
export function anyShape(largestFactor: number): fc.Arbitrary<Shape> {
  const width = fc.integer({ min: 1, max: largestFactor }).map((n) => 32 * n);
  return fc.record({
    hyperChannels: fc.integer({ min: 1, max: 9 }),
    latentChannels: fc.integer({ min: 1, max: 13 }),
    widths: fc.tuple(width, width, width),
  });
}

/** Deterministic numbers in [-1, 1). */
export function randomSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

/** A hyper-synthesis of random weights, scaled so that activations keep their size. */
export function randomHyperSynthesis(shape: Shape, seed: number): Map<string, Tensor> {
  const random = randomSource(seed);
  const tensors = new Map<string, Tensor>();
  const put = (name: string, size: number, ...dims: number[]) => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = random() * size;
    tensors.set(name, { dtype: 'f32', shape: dims, data });
  };
  const linear = (name: string, inputs: number, outputs: number) => {
    put(`${name}.weight`, 2 / Math.sqrt(inputs), outputs, inputs);
    put(`${name}.bias`, 0.5, outputs);
  };
  const block = (name: string, width: number) => {
    for (const norm of ['norm1', 'norm2']) {
      put(`${name}.${norm}.weight`, 2, width);
      put(`${name}.${norm}.bias`, 0.5, width);
    }
    linear(`${name}.qkv`, width, 3 * width);
    linear(`${name}.proj`, width, width);
    linear(`${name}.mlp1`, width, 2 * width);
    linear(`${name}.mlp2`, 2 * width, width);
  };
  const [d1, d2, d3] = shape.widths;
  linear('hs.in', shape.hyperChannels, d1);
  linear('hs.up1', d1, 4 * d2);
  linear('hs.up2', d2, 4 * d3);
  linear('hs.out', d3, 2 * shape.latentChannels);
  shape.widths.forEach((width, i) => {
    put(`hs.cpe${i + 1}.weight`, 0.5, width, 1, 3, 3);
    put(`hs.cpe${i + 1}.bias`, 0.5, width);
  });
  block('hs.vit1', d1);
  block('hs.vit2', d2);
  return tensors;
}

/** Grids of a tile with the given latent extents. */
export function tileOf(latentHeight: number, latentWidth: number) {
  return {
    latentHeight,
    latentWidth,
    hyperHeight: Math.ceil(latentHeight / 4),
    hyperWidth: Math.ceil(latentWidth / 4),
  };
}

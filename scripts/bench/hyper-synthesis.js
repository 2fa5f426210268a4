// Time of the hyper-synthesis at the released model's shape: node scripts/bench/hyper-synthesis.js
// Needs a build (npm run build). Random weights; prints the best of several runs of both engines, one core.
import { tileGrid } from '#dicm/geometry.js';
import { openHyperpriorCodec } from '#dicm/latents/hyperprior-codec.js';

const HYPER = 64;
const LATENT = 192;
const WIDTHS = /** @type {const} */ ([160, 128, 96]);

/** @import { FeatureMap } from '../../src/nn/backend.js' */
/** @import { Tensor } from '../../src/tensor.js' */

/** Random tensors under `hs.` with the released model's shapes, and as much else as opening a codec takes. */
function makeTensors() {
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  let state = 1;
  /** @type {(name: string, ...shape: number[]) => void} */
  const put = (name, ...shape) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const size = 1 / Math.sqrt(shape[1] ?? 4);
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = (state / 2 ** 31) * size;
    }
    tensors.set(name, { dtype: 'f32', shape, data });
  };
  /** @type {(name: string, inputs: number, outputs: number) => void} */
  const linear = (name, inputs, outputs) => {
    put(`${name}.weight`, outputs, inputs);
    put(`${name}.bias`, outputs);
  };
  /** @type {(name: string, d: number) => void} */
  const block = (name, d) => {
    for (const norm of ['norm1', 'norm2']) {
      put(`${name}.${norm}.weight`, d);
      put(`${name}.${norm}.bias`, d);
    }
    linear(`${name}.qkv`, d, 3 * d);
    linear(`${name}.proj`, d, d);
    linear(`${name}.mlp1`, d, 2 * d);
    linear(`${name}.mlp2`, 2 * d, d);
  };
  const [d1, d2, d3] = WIDTHS;
  linear('hs.in', HYPER, d1);
  linear('hs.up1', d1, 4 * d2);
  linear('hs.up2', d2, 4 * d3);
  linear('hs.out', d3, 2 * LATENT);
  WIDTHS.forEach((d, i) => {
    put(`hs.cpe${i + 1}.weight`, d, 1, 3, 3);
    put(`hs.cpe${i + 1}.bias`, d);
  });
  block('hs.vit1', d1);
  block('hs.vit2', d2);
  put('gain.log2', 1, LATENT);
  put('gain.log2_inverse', 1, LATENT);
  put('gain.index_per_octave', 1);
  for (const [set, count] of Object.entries({ factorised: HYPER, gaussian: 64 })) {
    /** @type {(part: string, ...values: number[]) => void} */
    const each = (part, ...values) => {
      const data = Int32Array.from(
        { length: count * values.length },
        (_, i) => values[i % values.length] ?? 0,
      );
      tensors.set(`entropy.${set}.${part}`, { dtype: 'i32', shape: [data.length], data });
    };
    each('size', 2);
    each('offset', 0);
    each('cdf', 0, 32768, 65536);
  }
  return tensors;
}

const tensors = makeTensors();
for (const engine of /** @type {const} */ (['wasm', 'typescript'])) {
  const opened = process.hrtime.bigint();
  const codec = await openHyperpriorCodec(tensors, '', { engine });
  const openMs = Number(process.hrtime.bigint() - opened) / 1e6;
  const line = [`${engine.padEnd(10)}  open ${openMs.toFixed(1)} ms`];
  for (const side of [224, 512]) {
    const tile = tileGrid(side, side).tile(0);
    /** @type {(height: number, width: number, channels: number) => FeatureMap} */
    const map = (height, width, channels) => ({
      ...{ height, width, channels },
      data: Float32Array.from({ length: height * width * channels }, (_, i) => ((i * 7) % 11) - 5),
    });
    const z = map(tile.hyperHeight, tile.hyperWidth, HYPER);
    const y = map(tile.latentHeight, tile.latentWidth, LATENT);
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run < (engine === 'wasm' ? 30 : 6); run++) {
      const start = process.hrtime.bigint();
      codec.analyse(tile, { y, z });
      least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e6);
    }
    line.push(`${side}x${side} ${least.toFixed(2)} ms`);
  }
  console.log(line.join('  '));
}

import { attention } from './kernels/attention';
import { depthwiseResidual } from './kernels/depthwise';
import { add, depthToSpace, hardSwish } from './kernels/elementwise';
import { layerNorm } from './kernels/layer-norm';
import { linear } from './kernels/linear';
import { take } from './memory';
import { MAX_HYPER_POSITIONS, MAX_POSITIONS, hyperChannels, width1, width2, width3 } from './shape';
import { Tensor, inputsOf, outputsOf, tensorAddress } from './tensors';

/** Hyper-latents are clamped to these before they become binary32 ([DICM-S-03]). */
const LEAST_HYPER_LATENT: i32 = -32768;
const LARGEST_HYPER_LATENT: i32 = 32767;

/** Keys of a head, transposed, and four rows of scores, for the tokens of level 2. */
const SCRATCH_BYTES: u64 = (32 + 4) * u64(MAX_POSITIONS / 4) * 4;

// Working memory: two residual streams that layers alternate between, the output of a normalisation or of attention, the
// widest activation (qkv, the MLP's inside, the input of depth-to-space, the output), and room for attention.
let x: usize = 0;
let y: usize = 0;
let u: usize = 0;
let wide: usize = 0;
let scratch: usize = 0;

export function takeActivations(): void {
  const tokens1 = MAX_HYPER_POSITIONS;
  const tokens2 = MAX_POSITIONS / 4;
  const tokens3 = MAX_POSITIONS;
  const stream = max(tokens1 * max(width1, hyperChannels), max(tokens2 * width2, tokens3 * width3));
  x = take(u64(stream) << 2);
  y = take(u64(stream) << 2);
  u = take(u64(max(tokens1 * width1, tokens2 * width2)) << 2);
  const wide1 = tokens1 * max(3 * width1, outputsOf(Tensor.HS_UP1));
  const wide2 = tokens2 * max(3 * width2, outputsOf(Tensor.HS_UP2));
  // Scales are read by vectors that begin anywhere, so that the last goes beyond.
  wide = take((u64(max(max(wide1, wide2), tokens3 * outputsOf(Tensor.HS_OUT))) << 2) + 16);
  scratch = take(SCRATCH_BYTES);
}

/**
 * The network on the hyper-latents z of a tile ([DICM-S-16]); returns the address of [positions][outputs], means and then
 * scales, not yet clamped.
 */
export function synthesise(z: usize, latentHeight: u32, latentWidth: u32): usize {
  const h1 = (latentHeight + 3) >> 2;
  const w1 = (latentWidth + 3) >> 2;
  const h2 = (latentHeight + 1) >> 1;
  const w2 = (latentWidth + 1) >> 1;
  loadHyperLatents(z, h1 * w1 * hyperChannels);

  layer(Tensor.HS_IN, x, y, h1 * w1);
  depthwise(Tensor.HS_CPE1, y, x, h1, w1, width1);
  vit(Tensor.HS_VIT1, h1 * w1, width1);

  layer(Tensor.HS_UP1, x, wide, h1 * w1);
  depthToSpace(wide, y, w1, width2, h2, w2);
  depthwise(Tensor.HS_CPE2, y, x, h2, w2, width2);
  vit(Tensor.HS_VIT2, h2 * w2, width2);

  layer(Tensor.HS_UP2, x, wide, h2 * w2);
  depthToSpace(wide, y, w2, width3, latentHeight, latentWidth);
  depthwise(Tensor.HS_CPE3, y, x, latentHeight, latentWidth, width3);
  hardSwish(x, latentHeight * latentWidth * width3);
  layer(Tensor.HS_OUT, x, wide, latentHeight * latentWidth);
  return wide;
}

/** One ViT block on the residual stream x, in place. */
function vit(block: i32, tokens: u32, width: u32): void {
  norm(block, tokens, width);
  layer(block + 2, u, wide, tokens);
  attention(wide, scratch, u, tokens, width);
  layer(block + 4, u, wide, tokens);
  add(x, wide, tokens * width);

  norm(block + 6, tokens, width);
  layer(block + 8, u, wide, tokens);
  hardSwish(wide, tokens * 2 * width);
  layer(block + 10, wide, u, tokens);
  add(x, u, tokens * width);
}

function layer(tensor: i32, from: usize, to: usize, tokens: u32): void {
  linear(from, tensorAddress(tensor), tensorAddress(tensor + 1), to, tokens, inputsOf(tensor), outputsOf(tensor));
}

function depthwise(tensor: i32, from: usize, to: usize, height: u32, width: u32, channels: u32): void {
  depthwiseResidual(from, tensorAddress(tensor), tensorAddress(tensor + 1), to, height, width, channels);
}

/** u = layer norm of x. */
function norm(tensor: i32, tokens: u32, width: u32): void {
  layerNorm(x, tensorAddress(tensor), tensorAddress(tensor + 1), u, tokens, width);
}

function loadHyperLatents(z: usize, count: u32): void {
  const least = i32x4.splat(LEAST_HYPER_LATENT);
  const largest = i32x4.splat(LARGEST_HYPER_LATENT);
  // The last vector may go beyond: both areas end in room for it.
  for (let i: usize = 0; i < usize(count) << 2; i += 16) {
    const clamped = i32x4.min_s(i32x4.max_s(v128.load(z + i), least), largest);
    v128.store(x + i, f32x4.convert_i32x4_s(clamped));
  }
}

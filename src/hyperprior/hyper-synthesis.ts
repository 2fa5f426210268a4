import { UsageError } from '../errors.js';
import { LATENTS_PER_HYPER, MAX_LATENT_EXTENT, type Tile } from '../geometry.js';
import type { TensorMap } from '../tensor.js';
import { attentionScratchBytes, type Kernels } from './kernels.js';
import { MemoryPlan, type Placed } from './memory-plan.js';
import { openTypeScriptKernels } from './typescript-kernels.js';
import {
  type HyperSynthesisWeights,
  type LinearWeights,
  readHyperSynthesisWeights,
  type VitWeights,
} from './weights.js';

/** Hyper-latents are clamped to -2^15..2^15 - 1 before they become binary32 ([DICM-S-03]). */
const LEAST_HYPER_LATENT = -32768;
const LARGEST_HYPER_LATENT = 32767;

/** Predicted means and scales are clamped to +-2^16 ([DICM-S-04]). */
const OUTPUT_BOUND = 65536;

/** Grid extents of one tile; `hyperX` must be ceil(`latentX` / 4). */
export type HyperSynthesisTile = Pick<Tile, 'hyperHeight' | 'hyperWidth' | 'latentHeight' | 'latentWidth'>;

/** What the hyper-synthesis predicts for every latent, [rows][columns][channels]. */
export interface LatentPrediction {
  /** Mean in units of the latent at gain 1. */
  readonly mean: Float32Array;
  /** Scale in units of table indexes at gain 1. */
  readonly scale: Float32Array;
}

/** The opened hyper-synthesis h_s of a model. */
export interface HyperSynthesis {
  readonly latentChannels: number;
  readonly hyperChannels: number;
  /**
   * Predicts means and scales, bit-exact on every machine.
   *
   * @param z - rounded hyper-latent, [hyperHeight][hyperWidth][hyperChannels], any integers
   * @throws UsageError `bad-tile`, `length-mismatch`, `disposed`
   */
  run(z: Int32Array, tile: HyperSynthesisTile): LatentPrediction;
  /** Frees weights and working memory. */
  dispose(): void;
}

/**
 * Opens the hyper-synthesis of a model (format-spec/v1/hyper-synthesis.md) in plain TypeScript: the twin of
 * src/wasm/assembly/hyper-synthesis.ts.
 *
 * @param tensors - the model's tensors; those under `hs.` are used
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function openHyperSynthesis(tensors: TensorMap): HyperSynthesis {
  const weights = readHyperSynthesisWeights(tensors);
  const plan = new MemoryPlan();
  const placed = plan.place(weights);
  const buffers = takeBuffers(plan, weights);
  const memory = openTypeScriptKernels(plan.sizeBytes);
  plan.fill(memory.floats);

  let live: { kernels: Kernels; floats: Float32Array } | undefined = memory;
  return {
    latentChannels: weights.latentChannels,
    hyperChannels: weights.hyperChannels,
    run: (z, tile) => {
      if (live === undefined) throw new UsageError('disposed', 'the hyper-synthesis was disposed');
      checkTile(z, tile, weights.hyperChannels);
      loadHyperLatents(live.floats, buffers.x, z);
      const output = synthesise(live.kernels, placed, buffers, tile);
      const positions = tile.latentHeight * tile.latentWidth;
      const { latentChannels: channels } = weights;
      const stride = weights.output.outputs;
      return {
        mean: copyClamped(live.floats, output / 4, positions, stride, channels),
        scale: copyClamped(live.floats, output / 4 + channels, positions, stride, channels),
      };
    },
    dispose: () => {
      live = undefined;
    },
  };
}

/** Addresses of the working memory. */
interface Buffers {
  /** Two residual streams that layers alternate between. */
  x: number;
  y: number;
  /** Output of a normalisation or of attention. */
  u: number;
  /** Widest activation: qkv, the MLP's inside, the input of depth-to-space, the output. */
  wide: number;
  scratch: number;
}

function takeBuffers(plan: MemoryPlan, weights: HyperSynthesisWeights): Buffers {
  const [d1, d2, d3] = weights.widths;
  const tokens3 = MAX_LATENT_EXTENT ** 2;
  const [tokens2, tokens1] = [tokens3 / 4, tokens3 / 16];
  const stream = Math.max(tokens1 * Math.max(d1, weights.hyperChannels), tokens2 * d2, tokens3 * d3);
  const normed = Math.max(tokens1 * d1, tokens2 * d2);
  const wide = Math.max(
    tokens1 * Math.max(3 * d1, weights.up1.outputs),
    tokens2 * Math.max(3 * d2, weights.up2.outputs),
    tokens3 * weights.output.outputs,
  );
  return {
    x: plan.take(stream * 4),
    y: plan.take(stream * 4),
    u: plan.take(normed * 4),
    wide: plan.take(wide * 4),
    scratch: plan.take(attentionScratchBytes(tokens2)),
  };
}

/** Runs the network on the hyper-latents at `buffers.x`; returns the address of [positions][2 channels]. */
function synthesise(
  k: Kernels,
  w: Placed<HyperSynthesisWeights>,
  { x, y, u, wide, scratch }: Buffers,
  tile: HyperSynthesisTile,
): number {
  const [d1, d2, d3] = w.widths;
  const { hyperHeight: h1, hyperWidth: w1, latentHeight: h3, latentWidth: w3 } = tile;
  const [h2, w2] = [Math.ceil(h3 / 2), Math.ceil(w3 / 2)];

  linear(k, w.input, x, y, h1 * w1);
  k.depthwiseResidual(y, w.cpe1.weight, w.cpe1.bias, x, h1, w1, d1);
  vit(k, w.vit1, x, u, wide, scratch, h1 * w1, d1);

  linear(k, w.up1, x, wide, h1 * w1);
  k.depthToSpace(wide, y, w1, d2, h2, w2);
  k.depthwiseResidual(y, w.cpe2.weight, w.cpe2.bias, x, h2, w2, d2);
  vit(k, w.vit2, x, u, wide, scratch, h2 * w2, d2);

  linear(k, w.up2, x, wide, h2 * w2);
  k.depthToSpace(wide, y, w2, d3, h3, w3);
  k.depthwiseResidual(y, w.cpe3.weight, w.cpe3.bias, x, h3, w3, d3);
  k.hardSwish(x, h3 * w3 * d3);
  linear(k, w.output, x, wide, h3 * w3);
  return wide;
}

/** One ViT block on the residual stream at `x`, in place. */
function vit(
  k: Kernels,
  w: Placed<VitWeights>,
  x: number,
  u: number,
  wide: number,
  scratch: number,
  tokens: number,
  width: number,
): void {
  k.layerNorm(x, w.norm1.gain, w.norm1.bias, u, tokens, width);
  linear(k, w.qkv, u, wide, tokens);
  k.attention(wide, scratch, u, tokens, width);
  linear(k, w.proj, u, wide, tokens);
  k.add(x, wide, tokens * width);

  k.layerNorm(x, w.norm2.gain, w.norm2.bias, u, tokens, width);
  linear(k, w.mlp1, u, wide, tokens);
  k.hardSwish(wide, tokens * 2 * width);
  linear(k, w.mlp2, wide, u, tokens);
  k.add(x, u, tokens * width);
}

function linear(k: Kernels, w: Placed<LinearWeights>, x: number, y: number, tokens: number): void {
  k.linear(x, w.weight, w.bias, y, tokens, w.inputs, w.outputs);
}

function checkTile(z: Int32Array, tile: HyperSynthesisTile, hyperChannels: number): void {
  const { hyperHeight, hyperWidth, latentHeight, latentWidth } = tile;
  const allowed = (latent: number, hyper: number) =>
    Number.isInteger(latent) &&
    latent >= 1 &&
    latent <= MAX_LATENT_EXTENT &&
    hyper === Math.ceil(latent / LATENTS_PER_HYPER);
  if (!allowed(latentHeight, hyperHeight) || !allowed(latentWidth, hyperWidth)) {
    throw new UsageError(
      'bad-tile',
      `no tile has ${latentHeight}x${latentWidth} latents and ${hyperHeight}x${hyperWidth} hyper-latents`,
    );
  }
  const expected = hyperHeight * hyperWidth * hyperChannels;
  if (z.length !== expected) {
    throw new UsageError('length-mismatch', `${z.length} hyper-latents where the tile has ${expected}`);
  }
}

function loadHyperLatents(floats: Float32Array, address: number, z: Int32Array): void {
  const at = address / 4;
  for (let i = 0; i < z.length; i++) {
    floats[at + i] = Math.min(Math.max(z[i]!, LEAST_HYPER_LATENT), LARGEST_HYPER_LATENT);
  }
}

function copyClamped(
  floats: Float32Array,
  from: number,
  positions: number,
  stride: number,
  channels: number,
): Float32Array {
  const out = new Float32Array(positions * channels);
  for (let p = 0, o = 0; p < positions; p++) {
    for (let i = from + p * stride; i < from + p * stride + channels; i++, o++) {
      out[o] = Math.min(Math.max(floats[i]!, -OUTPUT_BOUND), OUTPUT_BOUND);
    }
  }
  return out;
}

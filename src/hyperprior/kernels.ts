/**
 * The arithmetic of the hyper-synthesis over one flat memory; src/wasm/assembly/kernels has functions of the same names
 * and parameters that give the same bits. Every argument before the sizes is a byte address, 16-byte aligned;
 * activations are [token][channel] binary32. What each function rounds, and in which order, is normative:
 * format-spec/v1/hyper-synthesis.md, section 4.
 */
export interface Kernels {
  /**
   * y = x weight + bias. `weight` is packed in panels of eight outputs, [outputs / 8][inputs][8];
   * `outputs` is a multiple of 8.
   */
  linear(
    x: number,
    weight: number,
    bias: number,
    y: number,
    tokens: number,
    inputs: number,
    outputs: number,
  ): void;
  /** y = x + depthwise 3x3 of x, zero padding; `weight` is [9][channels]. */
  depthwiseResidual(
    x: number,
    weight: number,
    bias: number,
    y: number,
    height: number,
    width: number,
    channels: number,
  ): void;
  /** y = layer norm of each token of x. */
  layerNorm(x: number, gain: number, bias: number, y: number, tokens: number, channels: number): void;
  /** y = self-attention of qkv [tokens][3 channels]; see {@link attentionScratchBytes}. */
  attention(qkv: number, scratch: number, y: number, tokens: number, channels: number): void;
  /** x = x + y, `count` values. */
  add(x: number, y: number, count: number): void;
  /** x = hard swish of x, `count` values. */
  hardSwish(x: number, count: number): void;
  /**
   * Spreads x [rows][width][4 channels], channel order (dy, dx, c), over y [outHeight][outWidth][channels],
   * cropped.
   */
  depthToSpace(
    x: number,
    y: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
  ): void;
}

/** Kernels together with the memory their addresses point into. */
export interface KernelMemory {
  readonly kernels: Kernels;
  /** The memory as binary32; a byte address divided by four is an index. */
  readonly floats: Float32Array;
}

/** Outputs of one weight panel of {@link Kernels.linear}. */
export const PANEL_OUTPUTS = 8;

/** Width of every attention head. */
export const HEAD_CHANNELS = 32;

/** Bytes {@link Kernels.attention} needs at `scratch`: a head's keys, transposed, and four rows of scores. */
export function attentionScratchBytes(tokens: number): number {
  return (HEAD_CHANNELS + 4) * Math.ceil(tokens / 8) * 8 * 4;
}

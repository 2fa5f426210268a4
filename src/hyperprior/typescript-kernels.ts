import { exp2 } from './exp2.js';
import { HEAD_CHANNELS, type KernelMemory, type Kernels, PANEL_OUTPUTS } from './kernels.js';

const { fround } = Math;

/** 1e-6, 1 / sqrt(32), log2(e) and 1 / 6 rounded to binary32 ([DICM-S-06]). */
const EPSILON = 9.999999974752427e-7;
const ATTENTION_SCALE = 0.1767766922712326;
const LOG2_E = 1.4426950216293335;
const SIXTH = 0.1666666716337204;
/** Smallest exponent of two a softmax weight may have. */
const LEAST_EXPONENT = -64;

/**
 * The hyper-synthesis arithmetic in plain TypeScript. `Math.fround` after every operation makes each one a
 * binary32 operation: for +, -, *, / and sqrt, rounding the exact binary64 result once more is harmless.
 *
 * @param sizeBytes - memory to allocate, zero-filled
 */
export function openTypeScriptKernels(sizeBytes: number): KernelMemory {
  const m = new Float32Array(Math.ceil(sizeBytes / 4));
  const kernels: Kernels = {
    linear: (x, weight, bias, y, tokens, inputs, outputs) => {
      for (let o = 0; o < outputs; o += PANEL_OUTPUTS) {
        const panel = weight / 4 + o * inputs;
        for (let t = 0; t < tokens; t++) {
          linearPanel(m, x / 4 + t * inputs, panel, bias / 4 + o, y / 4 + t * outputs + o, inputs);
        }
      }
    },
    depthwiseResidual: (x, weight, bias, y, height, width, channels) => {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          depthwisePixel(m, x / 4, weight / 4, bias / 4, y / 4, row, column, height, width, channels);
        }
      }
    },
    layerNorm: (x, gain, bias, y, tokens, channels) => {
      for (let t = 0; t < tokens; t++) {
        layerNormToken(m, x / 4 + t * channels, gain / 4, bias / 4, y / 4 + t * channels, channels);
      }
    },
    attention: (qkv, scratch, y, tokens, channels) => {
      for (let head = 0; head < channels; head += HEAD_CHANNELS) {
        for (let t = 0; t < tokens; t++) {
          attendQuery(m, qkv / 4 + head, scratch / 4, y / 4 + t * channels + head, t, tokens, channels);
        }
      }
    },
    add: (x, y, count) => {
      for (let i = 0; i < count; i++) m[x / 4 + i] = m[x / 4 + i]! + m[y / 4 + i]!;
    },
    hardSwish: (x, count) => {
      for (let i = x / 4; i < x / 4 + count; i++) m[i] = hardSwishValue(m[i]!);
    },
    depthToSpace: (x, y, width, channels, outHeight, outWidth) => {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          const token = (row >> 1) * width + (column >> 1);
          const from = x / 4 + (token * 4 + ((row & 1) << 1) + (column & 1)) * channels;
          m.copyWithin(y / 4 + (row * outWidth + column) * channels, from, from + channels);
        }
      }
    },
  };
  return { kernels, floats: m };
}

/** Eight outputs of one token; each sum runs from the bias over the inputs in order. */
function linearPanel(
  m: Float32Array,
  x: number,
  panel: number,
  bias: number,
  y: number,
  inputs: number,
): void {
  let s0 = m[bias]!;
  let s1 = m[bias + 1]!;
  let s2 = m[bias + 2]!;
  let s3 = m[bias + 3]!;
  let s4 = m[bias + 4]!;
  let s5 = m[bias + 5]!;
  let s6 = m[bias + 6]!;
  let s7 = m[bias + 7]!;
  for (let i = 0, w = panel; i < inputs; i++, w += PANEL_OUTPUTS) {
    const value = m[x + i]!;
    s0 = fround(s0 + fround(value * m[w]!));
    s1 = fround(s1 + fround(value * m[w + 1]!));
    s2 = fround(s2 + fround(value * m[w + 2]!));
    s3 = fround(s3 + fround(value * m[w + 3]!));
    s4 = fround(s4 + fround(value * m[w + 4]!));
    s5 = fround(s5 + fround(value * m[w + 5]!));
    s6 = fround(s6 + fround(value * m[w + 6]!));
    s7 = fround(s7 + fround(value * m[w + 7]!));
  }
  m[y] = s0;
  m[y + 1] = s1;
  m[y + 2] = s2;
  m[y + 3] = s3;
  m[y + 4] = s4;
  m[y + 5] = s5;
  m[y + 6] = s6;
  m[y + 7] = s7;
}

function depthwisePixel(
  m: Float32Array,
  x: number,
  weight: number,
  bias: number,
  y: number,
  row: number,
  column: number,
  height: number,
  width: number,
  channels: number,
): void {
  const centre = (row * width + column) * channels;
  for (let c = 0; c < channels; c++) {
    let sum = m[bias + c]!;
    for (let ky = 0; ky < 3; ky++) {
      const r = row + ky - 1;
      if (r < 0 || r >= height) continue;
      for (let kx = 0; kx < 3; kx++) {
        const s = column + kx - 1;
        if (s < 0 || s >= width) continue;
        const value = m[x + (r * width + s) * channels + c]!;
        sum = fround(sum + fround(value * m[weight + (ky * 3 + kx) * channels + c]!));
      }
    }
    m[y + centre + c] = fround(m[x + centre + c]! + sum);
  }
}

function layerNormToken(
  m: Float32Array,
  x: number,
  gain: number,
  bias: number,
  y: number,
  channels: number,
): void {
  let sum = 0;
  for (let c = 0; c < channels; c++) sum = fround(sum + m[x + c]!);
  const mean = fround(sum / channels);
  let squares = 0;
  for (let c = 0; c < channels; c++) {
    const deviation = fround(m[x + c]! - mean);
    squares = fround(squares + fround(deviation * deviation));
  }
  const variance = fround(fround(squares / channels) + EPSILON);
  const inverse = fround(1 / fround(Math.sqrt(variance)));
  for (let c = 0; c < channels; c++) {
    const unit = fround(fround(m[x + c]! - mean) * inverse);
    m[y + c] = fround(fround(unit * m[gain + c]!) + m[bias + c]!);
  }
}

/** One query of one head; `qkv` points at the head's part of token 0, `e` at room for `tokens` weights. */
function attendQuery(
  m: Float32Array,
  qkv: number,
  e: number,
  y: number,
  query: number,
  tokens: number,
  channels: number,
): void {
  const stride = 3 * channels;
  const q = qkv + query * stride;
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < tokens; j++) {
    const k = qkv + j * stride + channels;
    let sum = 0;
    for (let d = 0; d < HEAD_CHANNELS; d++) sum = fround(sum + fround(m[q + d]! * m[k + d]!));
    const score = fround(sum * ATTENTION_SCALE);
    if (score > largest) largest = score;
    m[e + j] = score;
  }
  let total = 0;
  for (let j = 0; j < tokens; j++) {
    const exponent = fround(fround(m[e + j]! - largest) * LOG2_E);
    const weight = exp2(Math.max(exponent, LEAST_EXPONENT));
    m[e + j] = weight;
    total = fround(total + weight);
  }
  for (let d = 0; d < HEAD_CHANNELS; d++) {
    let sum = 0;
    let v = qkv + 2 * channels + d;
    for (let j = 0; j < tokens; j++, v += stride) sum = fround(sum + fround(m[e + j]! * m[v]!));
    m[y + d] = fround(sum / total);
  }
}

function hardSwishValue(x: number): number {
  const gate = fround(fround(x * SIXTH) + 0.5);
  return fround(x * Math.min(Math.max(gate, 0), 1));
}

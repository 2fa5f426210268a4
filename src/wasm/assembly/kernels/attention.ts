import { exp2x4 } from './exponential';

/** Width of every attention head. */
const HEAD: usize = 32;
/** 1 / sqrt(32) rounded to binary32. */
const SCALE: f32 = 0.1767766922712326;
/** log2(e) rounded to binary32. */
const LOG2_E: f32 = 1.4426950216293335;
/** Smallest exponent of two a softmax weight may have. */
const LEAST: f32 = -64;

/**
 * Multi-head self-attention over all tokens, heads of 32.
 *
 * qkv: [tokens][3 channels]; y: [tokens][channels]; scratch: (32 + 4) * padded f32, padded = tokens
 * rounded up to 8. It holds the head's keys transposed, then four rows of scores.
 */
export function attention(qkv: usize, scratch: usize, y: usize, tokens: usize, channels: usize): void {
  const stride = (channels * 3) << 2;
  const padded = (tokens + 7) & ~7;
  const keyStride = padded << 2;
  const scores = scratch + HEAD * keyStride;
  for (let head: usize = 0; head < channels; head += HEAD) {
    const q = qkv + (head << 2);
    const k = q + (channels << 2);
    const v = k + (channels << 2);
    transposeKeys(k, scratch, tokens, padded, stride);
    for (let t: usize = 0; t < tokens; t += 4) {
      scoreFour(q, scratch, scores, t, tokens - 1, padded, stride);
      const rows = min<usize>(4, tokens - t);
      for (let r: usize = 0; r < rows; r++) {
        const row = scores + r * keyStride;
        const sum = exponentials(row, tokens, padded);
        weightValues(row, v, y + (((t + r) * channels + head) << 2), tokens, stride, sum);
      }
    }
  }
}

function transposeKeys(k: usize, to: usize, tokens: usize, padded: usize, stride: usize): void {
  for (let d: usize = 0; d < HEAD; d++) {
    const row = to + ((d * padded) << 2);
    for (let t: usize = 0; t < tokens; t++) store<f32>(row + (t << 2), load<f32>(k + t * stride + (d << 2)));
    for (let t = tokens; t < padded; t++) store<f32>(row + (t << 2), 0);
  }
}

/** Scaled scores of queries t..t+3 (those past `last` repeat it) against every key, 4 x 8 at a time. */
function scoreFour(
  q: usize,
  keys: usize,
  scores: usize,
  t: usize,
  last: usize,
  padded: usize,
  stride: usize,
): void {
  const keyStride = padded << 2;
  const scale = f32x4.splat(SCALE);
  const qa = q + t * stride;
  const qb = q + min(t + 1, last) * stride;
  const qc = q + min(t + 2, last) * stride;
  const qd = q + min(t + 3, last) * stride;
  for (let j: usize = 0; j < keyStride; j += 32) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let key = keys + j;
    for (let d: usize = 0; d < HEAD << 2; d += 4) {
      const k0 = v128.load(key);
      const k1 = v128.load(key, 16);
      const va = v128.load32_splat(qa + d);
      a0 = f32x4.add(a0, f32x4.mul(va, k0));
      a1 = f32x4.add(a1, f32x4.mul(va, k1));
      const vb = v128.load32_splat(qb + d);
      b0 = f32x4.add(b0, f32x4.mul(vb, k0));
      b1 = f32x4.add(b1, f32x4.mul(vb, k1));
      const vc = v128.load32_splat(qc + d);
      c0 = f32x4.add(c0, f32x4.mul(vc, k0));
      c1 = f32x4.add(c1, f32x4.mul(vc, k1));
      const vd = v128.load32_splat(qd + d);
      d0 = f32x4.add(d0, f32x4.mul(vd, k0));
      d1 = f32x4.add(d1, f32x4.mul(vd, k1));
      key += keyStride;
    }
    const out = scores + j;
    v128.store(out, f32x4.mul(a0, scale));
    v128.store(out, f32x4.mul(a1, scale), 16);
    v128.store(out + keyStride, f32x4.mul(b0, scale));
    v128.store(out + keyStride, f32x4.mul(b1, scale), 16);
    v128.store(out + 2 * keyStride, f32x4.mul(c0, scale));
    v128.store(out + 2 * keyStride, f32x4.mul(c1, scale), 16);
    v128.store(out + 3 * keyStride, f32x4.mul(d0, scale));
    v128.store(out + 3 * keyStride, f32x4.mul(d1, scale), 16);
  }
}

/** Replaces scores by e^(score - largest); returns their sum over the real tokens. */
function exponentials(row: usize, tokens: usize, padded: usize): f32 {
  let largest = load<f32>(row);
  for (let j: usize = 1; j < tokens; j++) {
    const score = load<f32>(row + (j << 2));
    largest = score > largest ? score : largest;
  }
  const vLargest = f32x4.splat(largest);
  const vLog = f32x4.splat(LOG2_E);
  const vLeast = f32x4.splat(LEAST);
  for (let j: usize = 0; j < padded << 2; j += 16) {
    const exponent = f32x4.mul(f32x4.sub(v128.load(row + j), vLargest), vLog);
    v128.store(row + j, exp2x4(f32x4.pmax(exponent, vLeast)));
  }
  let sum: f32 = 0;
  for (let j: usize = 0; j < tokens; j++) sum += load<f32>(row + (j << 2));
  return sum;
}

/** y = (e[0] v[0] + e[1] v[1] + ...) / sum for one query of one head. */
function weightValues(row: usize, v: usize, y: usize, tokens: usize, stride: usize, sum: f32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  let value = v;
  for (let j: usize = 0; j < tokens; j++) {
    const weight = v128.load32_splat(row + (j << 2));
    s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(value)));
    s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(value, 16)));
    s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(value, 32)));
    s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(value, 48)));
    s4 = f32x4.add(s4, f32x4.mul(weight, v128.load(value, 64)));
    s5 = f32x4.add(s5, f32x4.mul(weight, v128.load(value, 80)));
    s6 = f32x4.add(s6, f32x4.mul(weight, v128.load(value, 96)));
    s7 = f32x4.add(s7, f32x4.mul(weight, v128.load(value, 112)));
    value += stride;
  }
  const divisor = f32x4.splat(sum);
  v128.store(y, f32x4.div(s0, divisor));
  v128.store(y, f32x4.div(s1, divisor), 16);
  v128.store(y, f32x4.div(s2, divisor), 32);
  v128.store(y, f32x4.div(s3, divisor), 48);
  v128.store(y, f32x4.div(s4, divisor), 64);
  v128.store(y, f32x4.div(s5, divisor), 80);
  v128.store(y, f32x4.div(s6, divisor), 96);
  v128.store(y, f32x4.div(s7, divisor), 112);
}

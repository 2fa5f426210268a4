/** Keeps the variance away from zero: 1e-6 rounded to binary32. */
const EPSILON: f32 = 9.999999974752427e-7;

/**
 * y[t][c] = ((x[t][c] - mean) / deviation) gain[c] + bias[c], sums from left to right.
 */
export function layerNorm(x: usize, gain: usize, bias: usize, y: usize, tokens: usize, channels: usize): void {
  const stride = channels << 2;
  const count = f32(channels);
  for (let t: usize = 0; t < tokens; t++) {
    const row = x + t * stride;
    let sum: f32 = 0;
    for (let c: usize = 0; c < stride; c += 4) sum += load<f32>(row + c);
    const mean = sum / count;
    let squares: f32 = 0;
    for (let c: usize = 0; c < stride; c += 4) {
      const deviation = load<f32>(row + c) - mean;
      squares += deviation * deviation;
    }
    const inverse: f32 = 1 / sqrt<f32>(squares / count + EPSILON);
    const vMean = f32x4.splat(mean);
    const vInverse = f32x4.splat(inverse);
    const out = y + t * stride;
    for (let c: usize = 0; c < stride; c += 16) {
      const unit = f32x4.mul(f32x4.sub(v128.load(row + c), vMean), vInverse);
      v128.store(out + c, f32x4.add(f32x4.mul(unit, v128.load(gain + c)), v128.load(bias + c)));
    }
  }
}

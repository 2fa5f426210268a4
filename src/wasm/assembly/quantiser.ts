import { gain, indexOffset, inverseGain } from './gains';
import { latentChannels } from './shape';

// Each function goes over rows of `channels` values, four at a time. A last vector goes up to three values beyond its row:
// what it writes there is overwritten by the next row, and all areas end in room for it.

/** Predicted means and scales are clamped to +-2^16 ([DICM-S-04]). */
const OUTPUT_BOUND: f32 = 65536;
const LAST_TABLE: f32 = 63;
/** Symbols the encoder makes stay within +-2^22, where binary32 still resolves halves. */
const SYMBOL_BOUND: f32 = 4194304;

/** Takes one half of what the hyper-synthesis gave, rows of `stride` values at `from`, clamped. */
export function takeClamped(from: usize, stride: u32, to: usize, positions: u32): void {
  const least = f32x4.splat(-OUTPUT_BOUND);
  const largest = f32x4.splat(OUTPUT_BOUND);
  const rowBytes = usize(latentChannels) << 2;
  for (let p: u32 = 0; p < positions; p++) {
    const source = from + (usize(p * stride) << 2);
    const out = to + usize(p) * rowBytes;
    for (let c: usize = 0; c < rowBytes; c += 16) {
      v128.store(out + c, f32x4.pmin(f32x4.pmax(v128.load(source + c), least), largest));
    }
  }
}

/** Table of each latent: floor((scale + index offset) + 0.5), clamped to 0..63 ([DICM-S-22]). */
export function tableIndexes(scale: usize, to: usize, positions: u32): void {
  const half = f32x4.splat(0.5);
  const zero = f32x4.splat(0);
  const last = f32x4.splat(LAST_TABLE);
  const rowBytes = usize(latentChannels) << 2;
  for (let p: u32 = 0; p < positions; p++) {
    const row = scale + usize(p) * rowBytes;
    const out = to + usize(p * latentChannels);
    for (let c: usize = 0; c < rowBytes; c += 16) {
      const sum = f32x4.add(v128.load(row + c), v128.load(indexOffset + c));
      const index = f32x4.pmin(f32x4.pmax(f32x4.floor(f32x4.add(sum, half)), zero), last);
      const words = i16x8.narrow_i32x4_u(i32x4.trunc_sat_f32x4_s(index), i32x4.splat(0));
      v128.store32_lane(out + (c >> 2), i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}

/** y^ = (symbol + mean * gain) * inverse gain ([DICM-S-23]). */
export function dequantise(symbols: usize, mean: usize, to: usize, positions: u32): void {
  const rowBytes = usize(latentChannels) << 2;
  for (let p: u32 = 0; p < positions; p++) {
    const row = usize(p) * rowBytes;
    for (let c: usize = 0; c < rowBytes; c += 16) {
      const centre = f32x4.mul(v128.load(mean + row + c), v128.load(gain + c));
      const symbol = f32x4.convert_i32x4_s(v128.load(symbols + row + c));
      v128.store(to + row + c, f32x4.mul(f32x4.add(symbol, centre), v128.load(inverseGain + c)));
    }
  }
}

/**
 * Symbols of a latent: y * gain - mean * gain to the nearest integer, ties to even. Returns whether there may be a value
 * that is no number.
 */
export function quantise(y: usize, mean: usize, to: usize, positions: u32): bool {
  let odd = i32x4.splat(0);
  const least = f32x4.splat(-SYMBOL_BOUND);
  const largest = f32x4.splat(SYMBOL_BOUND);
  const rowBytes = usize(latentChannels) << 2;
  for (let p: u32 = 0; p < positions; p++) {
    const row = usize(p) * rowBytes;
    for (let c: usize = 0; c < rowBytes; c += 16) {
      const gains = v128.load(gain + c);
      const value = f32x4.sub(f32x4.mul(v128.load(y + row + c), gains), f32x4.mul(v128.load(mean + row + c), gains));
      odd = v128.or(odd, f32x4.ne(value, value));
      const clamped = f32x4.pmin(f32x4.pmax(value, least), largest);
      v128.store(to + row + c, i32x4.trunc_sat_f32x4_s(f32x4.nearest(clamped)));
    }
  }
  return v128.any_true(odd);
}

/** The first latent whose scaled value is no number, or `count`. */
export function findNotANumber(y: usize, mean: usize, positions: u32): u32 {
  let i: u32 = 0;
  for (let p: u32 = 0; p < positions; p++) {
    for (let c: u32 = 0; c < latentChannels; c++, i++) {
      const at = usize(i) << 2;
      const factor = load<f32>(gain + (usize(c) << 2));
      if (isNaN(load<f32>(y + at) * factor - load<f32>(mean + at) * factor)) return i;
    }
  }
  return i;
}

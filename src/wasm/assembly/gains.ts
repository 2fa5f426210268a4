import { exp2x4 } from './kernels/exponential';
import { take } from './memory';
import { latentChannels, levels } from './shape';
import { Tensor, tensorAddress } from './tensors';

const MAX_POSITION: i32 = 2047;

/** [channels], zeros after them up to a multiple of eight. */
export let gain: usize = 0;
export let inverseGain: usize = 0;
export let indexOffset: usize = 0;
/** Position that the three were computed for. */
let current: i32 = -1;

export function takeGains(): void {
  const bytes = u64((latentChannels + 7) & ~7) << 2;
  gain = take(bytes);
  inverseGain = take(bytes);
  indexOffset = take(bytes);
}

/** Computes the gains of a quality position ([DICM-S-21]); false when there is no such position. */
export function setPosition(position: i32): bool {
  if (position == current) return true;
  if (position < 0 || position > MAX_POSITION) return false;
  const product = i64(position) * i64(levels - 1);
  const level = u32(max<i64>(0, min(product / MAX_POSITION, i64(levels) - 2)));
  const fraction = f32(product - i64(level) * MAX_POSITION) / f32(MAX_POSITION);
  const perOctave = load<f32>(tensorAddress(Tensor.GAIN_INDEX_PER_OCTAVE));
  const forward = tensorAddress(Tensor.GAIN_LOG2);
  const inverse = tensorAddress(Tensor.GAIN_LOG2_INVERSE);
  for (let c: u32 = 0; c < latentChannels; c++) {
    const log2 = interpolate(forward, level, c, fraction);
    const at = usize(c) << 2;
    store<f32>(gain + at, exp2(log2));
    store<f32>(indexOffset + at, log2 * perOctave);
    store<f32>(inverseGain + at, exp2(interpolate(inverse, level, c, fraction)));
  }
  current = position;
  return true;
}

function interpolate(values: usize, level: u32, channel: u32, fraction: f32): f32 {
  const at = values + (usize(level * latentChannels + channel) << 2);
  const a = load<f32>(at);
  if (levels == 1) return a;
  const b = load<f32>(at + (usize(latentChannels) << 2));
  return a + fraction * (b - a);
}

function exp2(v: f32): f32 {
  return f32x4.extract_lane(exp2x4(f32x4.splat(v)), 0);
}

import { ModelError, UsageError } from '../errors.js';
import { MAX_QUALITY_POSITION } from '../geometry.js';
import type { TensorMap } from '../tensor.js';
import { exp2 } from './exp2.js';
import { floatTensor } from './float-tensor.js';

const { fround } = Math;

/** Bounds of the gain tensors ([DICM-S-20]); with them no product with a mean overflows. */
const MAX_LOG2_GAIN = 16;
const MAX_LOG2_INVERSE_GAIN = 64;
const MAX_INDEX_PER_OCTAVE = 256;

/** What a quality position does to each latent channel. */
export interface Gains {
  /** Factor on the latent before rounding, [channels]. Decode-critical. */
  readonly gain: Float32Array;
  /** Factor that takes the rounded latent back, [channels]. Not decode-critical. */
  readonly inverseGain: Float32Array;
  /** Added to the predicted scale to give the table index, [channels]. Decode-critical. */
  readonly indexOffset: Float32Array;
}

/** The gain tensors of a model, checked. */
export interface GainTensors {
  readonly levels: number;
  readonly channels: number;
  /** [levels][channels] */
  readonly log2: Float32Array;
  /** [levels][channels] */
  readonly log2Inverse: Float32Array;
  readonly indexPerOctave: number;
}

/**
 * Reads the gains of a model.
 *
 * @param tensors - uses `gain.log2`, `gain.log2_inverse` and `gain.index_per_octave`
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function readGains(tensors: TensorMap): GainTensors {
  const forward = floatTensor(tensors, 'gain.log2', [-1, -1], MAX_LOG2_GAIN);
  const [levels, channels] = [forward.shape[0]!, forward.shape[1]!];
  const inverse = floatTensor(tensors, 'gain.log2_inverse', [levels, channels], MAX_LOG2_INVERSE_GAIN);
  const indexPerOctave = scalar(tensors, 'gain.index_per_octave');
  if (levels < 1) throw new ModelError('bad-tensor', 'gain.log2 has no levels');
  return { levels, channels, log2: forward.data, log2Inverse: inverse.data, indexPerOctave };
}

/**
 * Refuses what is no quality position.
 *
 * @throws UsageError `bad-quality-position`
 */
export function checkQualityPosition(position: number): void {
  if (!(Number.isInteger(position) && position >= 0 && position <= MAX_QUALITY_POSITION)) {
    throw new UsageError('bad-quality-position', `quality position ${position} is not one of 0..2047`);
  }
}

/**
 * Gains at a quality position, interpolated in the logarithm between the model's levels
 * (format-spec/v1/hyper-synthesis.md, section 5).
 *
 * @param tensors - as for {@link readGains}
 * @param position - 0..2047 as in the header
 * @throws ModelError `missing-tensor`, `bad-tensor`; UsageError `bad-quality-position`
 */
export function gainsAt(tensors: TensorMap, position: number): Gains {
  checkQualityPosition(position);
  const { levels, channels, log2: forward, log2Inverse: inverse, indexPerOctave } = readGains(tensors);
  const product = position * (levels - 1);
  const level = Math.max(0, Math.min(Math.floor(product / MAX_QUALITY_POSITION), levels - 2));
  const fraction = fround((product - level * MAX_QUALITY_POSITION) / MAX_QUALITY_POSITION);

  const gain = new Float32Array(channels);
  const inverseGain = new Float32Array(channels);
  const indexOffset = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const log2 = interpolate(forward, level, levels, channels, c, fraction);
    gain[c] = exp2(log2);
    indexOffset[c] = fround(log2 * indexPerOctave);
    inverseGain[c] = exp2(interpolate(inverse, level, levels, channels, c, fraction));
  }
  return { gain, inverseGain, indexOffset };
}

function interpolate(
  data: Float32Array,
  level: number,
  levels: number,
  channels: number,
  channel: number,
  fraction: number,
): number {
  const a = data[level * channels + channel]!;
  if (levels === 1) return a;
  const b = data[(level + 1) * channels + channel]!;
  return fround(a + fround(fraction * fround(b - a)));
}

/** A tensor of one value, of rank 0 or 1. */
function scalar(tensors: TensorMap, name: string): number {
  const rank = tensors.get(name)?.shape.length ?? 0;
  return floatTensor(tensors, name, rank === 0 ? [] : [1], MAX_INDEX_PER_OCTAVE).data[0]!;
}

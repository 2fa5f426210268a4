import { BackendError, UsageError } from '../errors.js';

const { fround } = Math;

/** Number of Gaussian tables of every model. */
export const GAUSSIAN_TABLES = 64;

/** Symbols the encoder makes stay within +-2^22, where binary32 still resolves halves. */
const SYMBOL_BOUND = 4194304;

/**
 * Entropy table of each latent: clamp(floor((scale + indexOffset) + 0.5), 0, 63), each sum rounded to
 * binary32 ([DICM-S-22]). Decode-critical.
 *
 * @param scale - [positions][channels], from `HyperSynthesis.run`
 * @param indexOffset - [channels], from `gainsAt`
 * @param out - filled and returned; allocated when absent
 */
export function tableIndexes(scale: Float32Array, indexOffset: Float32Array, out?: Uint8Array): Uint8Array {
  const channels = channelsOf(indexOffset, scale.length);
  const indexes = out ?? new Uint8Array(scale.length);
  if (indexes.length !== scale.length) {
    throw new UsageError('length-mismatch', `${indexes.length} indexes for ${scale.length} scales`);
  }
  for (let i = 0, c = 0; i < scale.length; i++) {
    const index = Math.floor(fround(fround(scale[i]! + indexOffset[c]!) + 0.5));
    // Written so that anything that is not a number becomes 0.
    indexes[i] = index > 0 ? Math.min(index, GAUSSIAN_TABLES - 1) : 0;
    c = c + 1 === channels ? 0 : c + 1;
  }
  return indexes;
}

/**
 * Symbols of a latent: y * gain - mean * gain rounded to nearest, ties to even. The choice is the encoder's;
 * another rounding gives another valid file.
 *
 * @param y - latent, [positions][channels]
 * @param mean - predicted mean, as `y`
 * @param gain - [channels], from `gainsAt`
 * @throws BackendError `non-finite-latent` when the analysis network produced no number
 */
export function quantiseLatents(y: Float32Array, mean: Float32Array, gain: Float32Array): Int32Array {
  const channels = channelsOf(gain, y.length, mean.length);
  const symbols = new Int32Array(y.length);
  for (let i = 0, c = 0; i < y.length; i++) {
    const value = fround(fround(y[i]! * gain[c]!) - fround(mean[i]! * gain[c]!));
    if (Number.isNaN(value)) {
      throw new BackendError('non-finite-latent', `the analysis network gave ${y[i]} at element ${i}`);
    }
    symbols[i] = roundHalfEven(Math.min(Math.max(value, -SYMBOL_BOUND), SYMBOL_BOUND));
    c = c + 1 === channels ? 0 : c + 1;
  }
  return symbols;
}

/**
 * The decoded latent: (symbol + mean * gain) * inverseGain, each operation rounded to binary32.
 *
 * @param symbols - [positions][channels]
 * @param mean - predicted mean, as `symbols`
 * @param gain - [channels]
 * @param inverseGain - [channels]
 */
export function dequantiseLatents(
  symbols: Int32Array,
  mean: Float32Array,
  gain: Float32Array,
  inverseGain: Float32Array,
): Float32Array {
  const channels = channelsOf(gain, symbols.length, mean.length);
  if (inverseGain.length !== channels) throw mismatch(inverseGain.length, channels);
  const y = new Float32Array(symbols.length);
  for (let i = 0, c = 0; i < symbols.length; i++) {
    const centre = fround(mean[i]! * gain[c]!);
    y[i] = fround(fround(fround(symbols[i]!) + centre) * inverseGain[c]!);
    c = c + 1 === channels ? 0 : c + 1;
  }
  return y;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function channelsOf(perChannel: Float32Array, length: number, other = length): number {
  const channels = perChannel.length;
  if (other !== length || channels === 0 || length % channels !== 0) throw mismatch(length, channels);
  return channels;
}

function mismatch(length: number, channels: number): UsageError {
  return new UsageError('length-mismatch', `${length} elements do not fit ${channels} channels`);
}

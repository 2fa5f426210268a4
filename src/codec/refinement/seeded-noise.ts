import { crc32 } from '../../bytes/crc32.js';

/** Smallest and largest uniform number whose logit is taken: 24 bits and not 0 or 1. */
const PARTS = 2 ** 24;

/**
 * Noise that follows from values: the same picture gets the same noise, so that encoding it again gives the same file.
 * A xorshift generator (Marsaglia, 2003) of 32 bits, seeded with a CRC-32.
 */
export class SeededNoise {
  #state: number;

  constructor(values: Float32Array) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    // Its state must not be zero.
    this.#state = crc32(bytes) || 1;
  }

  /** A number of the standard logistic distribution: the difference of two Gumbel numbers. */
  logistic(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    const uniform = ((state >>> 8) + 0.5) / PARTS;
    return Math.log(uniform / (1 - uniform));
  }
}

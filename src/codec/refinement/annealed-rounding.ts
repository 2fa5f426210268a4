import type { OpenSymbols } from '../../latents/latent-codec.js';

/** Distance from an integer below which atanh is cut off. */
const NEAR = 1e-4;
/** Temperature of the first step, and how far its logarithm falls. */
const FIRST_TEMPERATURE = 0.5;
const TEMPERATURE_DECAY = 3;
/** Step of the numbers, in steps of the quantiser, for 20 steps in all; more steps are smaller. */
const RATE = 0.016;

// Adam (Kingma, Ba, 2015).
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Annealed rounding of the symbols of a tile. Each is a number between two integers, seen as a mixture of both with shares
 * that its distances decide, as in stochastic Gumbel annealing (Yang, Bamler, Mandt: Improving Inference for Neural Image
 * Compression, 2020) but without its noise, which few steps do not average out (docs/architecture.md has figures). As the
 * temperature falls, mixtures become integers. Adam moves the numbers.
 */
export class AnnealedRounding {
  readonly #open: OpenSymbols;
  readonly #steps: number;
  readonly #rate: number;
  /** The numbers, in steps of the quantiser. */
  readonly #values: Float32Array;
  readonly #mixture: Float32Array;
  /** Derivative of each mixture with respect to its number. */
  readonly #slope: Float32Array;
  /** Bits that the upper of its two integers takes more than the lower. */
  readonly #priceSlope: Float32Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  #step = 0;

  constructor(open: OpenSymbols, steps: number) {
    const { length } = open.values;
    this.#open = open;
    this.#steps = steps;
    this.#rate = RATE * Math.sqrt(20 / steps);
    this.#values = open.values.slice();
    this.#mixture = new Float32Array(length);
    this.#slope = new Float32Array(length);
    this.#priceSlope = new Float32Array(length);
    this.#mean = new Float32Array(length);
    this.#square = new Float32Array(length);
  }

  /** Mixes all symbols: dequantised, as the networks read them. */
  mix(): Float32Array {
    const temperature = FIRST_TEMPERATURE * Math.exp((-TEMPERATURE_DECAY * this.#step) / this.#steps);
    const { price } = this.#open;
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i]!;
      const lower = Math.floor(value);
      const up = Math.min(Math.max(value - lower, NEAR), 1 - NEAR);
      const down = 1 - up;
      const logit = (Math.atanh(up) - Math.atanh(down)) / temperature;
      const share = 1 / (1 + Math.exp(-logit / temperature));
      this.#mixture[i] = lower + share;
      const bend = 1 / (1 - up * up) + 1 / (1 - down * down);
      this.#slope[i] = (share * (1 - share) * bend) / temperature ** 2;
      this.#priceSlope[i] = price(lower + 1, i) - price(lower, i);
    }
    return this.#open.latentsOf(this.#mixture);
  }

  /**
   * Moves the numbers against the gradient of bits + weight * distortion at the last mixture.
   *
   * @param gradient - Of the distortion with respect to the dequantised latents.
   */
  descend(gradient: Float32Array, weight: number): void {
    this.#step++;
    const { stepSize, channels } = this.#open;
    const correction = Math.sqrt(1 - BETA2 ** this.#step) / (1 - BETA1 ** this.#step);
    for (let i = 0; i < this.#values.length; i++) {
      const whole = this.#priceSlope[i]! + weight * gradient[i]! * stepSize[i % channels]!;
      const g = whole * this.#slope[i]!;
      const mean = BETA1 * this.#mean[i]! + (1 - BETA1) * g;
      const square = BETA2 * this.#square[i]! + (1 - BETA2) * g * g;
      this.#mean[i] = mean;
      this.#square[i] = square;
      this.#values[i]! -= (this.#rate * correction * mean) / (Math.sqrt(square) + EPSILON);
    }
  }

  /** The nearest integers. */
  symbols(): Int32Array {
    return Int32Array.from(this.#values, Math.round);
  }
}

/** Bits that symbols take; hyper-latents not counted. */
export function bitsOf({ price }: OpenSymbols, symbols: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < symbols.length; i++) sum += price(symbols[i]!, i);
  return sum;
}

import type { HyperSynthesisWeights } from './weights.js';

/** First address handed out; zero stays free so that a forgotten address shows. */
const FIRST_ADDRESS = 64;
/** Vectors of four binary32. */
const ALIGNMENT = 16;

/** The weights with every array replaced by its byte address. */
export type Placed<T> = T extends Float32Array
  ? number
  : T extends object
    ? { readonly [K in keyof T]: Placed<T[K]> }
    : T;

/** Hands out aligned, disjoint pieces of a memory that is allocated afterwards. */
export class MemoryPlan {
  #end = FIRST_ADDRESS;
  readonly #contents: { address: number; data: Float32Array }[] = [];

  /** Bytes needed so far. */
  get sizeBytes(): number {
    return this.#end;
  }

  /** Address of a new piece of `bytes` bytes. */
  take(bytes: number): number {
    const address = this.#end;
    this.#end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return address;
  }

  /** Places all arrays of a weight structure. */
  place(weights: HyperSynthesisWeights): Placed<HyperSynthesisWeights> {
    return this.#place(weights) as Placed<HyperSynthesisWeights>;
  }

  /** Copies the placed arrays into the memory. */
  fill(floats: Float32Array): void {
    for (const { address, data } of this.#contents) floats.set(data, address / 4);
  }

  #place(value: unknown): unknown {
    if (value instanceof Float32Array) {
      const address = this.take(value.byteLength);
      this.#contents.push({ address, data: value });
      return address;
    }
    if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#place(inner)]));
  }
}

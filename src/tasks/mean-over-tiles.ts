import type { FeatureMap } from '../nn/backend.js';

/** Mean of vectors over the tiles of a picture, weighted by their pixels. */
export class MeanOverTiles {
  #sums: Float64Array | undefined;

  /** @param weight - Share of the picture's pixels; those of all tiles sum to 1. */
  add({ data }: FeatureMap, weight: number): void {
    this.#sums ??= new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) this.#sums[i]! += weight * data[i]!;
  }

  /** The mean, rounded to binary32. A picture has at least one tile. */
  finish(): Float32Array {
    return Float32Array.from(this.#sums!);
  }
}

import type { VectorBlock } from './vector-block.js';

/** A file and how alike it is: the cosine between the vectors. */
export interface Neighbour {
  readonly file: number;
  /** -1 to 1. */
  readonly likeness: number;
}

/** The best of what is offered; of equals that of the smaller number. A heap whose root is the worst that is kept. */
export class BestNeighbours {
  readonly #most: number;
  readonly #heap: Neighbour[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** What a neighbour must exceed to be kept. */
  get floor(): number {
    return this.#heap.length < this.#most ? -Infinity : this.#heap[0]!.likeness;
  }

  /** Offers one that exceeds the floor. Files are offered in ascending order, so that of equals the first stays. */
  add(file: number, likeness: number): void {
    const heap = this.#heap;
    if (heap.length < this.#most) {
      heap.push({ file, likeness });
      this.#rise(heap.length - 1);
    } else {
      heap[0] = { file, likeness };
      this.#sink();
    }
  }

  /** Best first. */
  sorted(): Neighbour[] {
    return [...this.#heap].sort(compareNeighbours);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (compareNeighbours(heap[at]!, heap[above]!) <= 0) return;
      [heap[at], heap[above]] = [heap[above]!, heap[at]!];
      at = above;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      let worst = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < heap.length && compareNeighbours(heap[below]!, heap[worst]!) > 0) worst = below;
      }
      if (worst === at) return;
      [heap[at], heap[worst]] = [heap[worst]!, heap[at]!];
      at = worst;
    }
  }
}

/** Orders by likeness, the greatest first. */
function compareNeighbours(a: Neighbour, b: Neighbour): number {
  return b.likeness - a.likeness || a.file - b.file;
}

/**
 * Compares a vector with all of a block.
 *
 * @param first - File of the first slot.
 * @param query - [dimensions], and `scale`, the reciprocal of its length.
 * @param isAllowed - Which files may be found, by file; all unless given.
 */
export function scanBlock(
  { values, scales }: VectorBlock,
  first: number,
  query: { readonly values: Int8Array; readonly scale: number },
  best: BestNeighbours,
  isAllowed?: Uint8Array,
): void {
  const wanted = query.values;
  const { length } = wanted;
  let { floor } = best;
  for (let slot = 0; slot < scales.length; slot++) {
    const scale = scales[slot]!;
    if (scale === 0 || (isAllowed !== undefined && isAllowed[first + slot] !== 1)) continue;
    let product = 0;
    for (let i = 0, at = slot * length; i < length; i++, at++) product += wanted[i]! * values[at]!;
    const likeness = product * scale * query.scale;
    if (likeness > floor) {
      best.add(first + slot, likeness);
      floor = best.floor;
    }
  }
}

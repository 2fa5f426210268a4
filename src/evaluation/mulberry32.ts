/**
 * Small seeded generator of pseudo-random numbers (mulberry32 by Tommy Ettinger, public domain): 32 bits of state, the
 * same numbers everywhere. Good for drawing pictures, not for secrets.
 */
export class Mulberry32 {
  #state: number;

  /** @param seed - Whole number; taken modulo 2^32. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next whole number, 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `count` - 1; `count` is at most 2^20, so that none is noticeably likelier. */
  below(count: number): number {
    return Math.floor((this.next() / 2 ** 32) * count);
  }
}

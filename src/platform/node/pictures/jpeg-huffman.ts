/** Codes of up to this many bits are looked up at once. */
const QUICK_BITS = 10;

/** A Huffman table: `length << 8 | symbol` for what the next bits begin with, 0 where no code does. */
export interface HuffmanTable {
  /** By the next 10 bits; 0 also for longer codes. */
  readonly quick: Uint16Array;
  /** By the next 16 bits. */
  readonly full: Uint16Array;
}

/**
 * Builds a table from how many codes there are of each length and from their symbols (ITU-T T.81, Annex C).
 *
 * @param counts - Of codes of 1 to 16 bits.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const full = new Uint16Array(1 << 16);
  let at = 0;
  let symbol = 0;
  for (let length = 1; length <= 16; length++) {
    const span = 1 << (16 - length);
    for (let i = 0; i < counts[length - 1]!; i++) {
      full.fill((length << 8) | (symbols[symbol++] ?? 0), at, at + span);
      at += span;
    }
  }
  const quick = new Uint16Array(1 << QUICK_BITS);
  for (let i = 0; i < quick.length; i++) {
    const entry = full[i << (16 - QUICK_BITS)]!;
    if (entry >> 8 <= QUICK_BITS) quick[i] = entry;
  }
  return { quick, full };
}

/** How to read one block of an MCU. */
export interface BlockCoding {
  readonly dc: HuffmanTable;
  /** Undefined in a scan that has only the means of blocks. */
  readonly ac: HuffmanTable | undefined;
  /** Which component it is of, by its place in the scan. */
  readonly component: number;
  /** Largest magnitude that its mean can have in a picture, in steps of the quantiser. */
  readonly largest: number;
}

/** Most components in a scan. */
const MOST_COMPONENTS = 4;

/** Steps over the entropy-coded data of sequential JPEG, block by block; of the values only the means are rebuilt. */
export class HuffmanReader {
  /** Why `readMcus` has read fewer than it should. */
  failure = '';
  /** Offset of the next byte that was not taken; a marker is never taken. */
  #position: number;
  /** Bits taken from the data and not used yet, the next one uppermost of `#count`. */
  #bits = 0;
  #count = 0;
  /** Zero bits that were supplied where the data had ended. */
  #borrowed = 0;
  /** Mean of the last block of each component. */
  readonly #means = new Int32Array(MOST_COMPONENTS);

  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#position = start;
  }

  /** Offset of the marker that the data end at, or of the first byte of a gap before it. */
  get end(): number {
    return this.#position;
  }

  /**
   * Reads MCUs.
   *
   * @returns How many it has read: fewer when the data end or cannot be right.
   */
  readMcus(blocks: readonly BlockCoding[], count: number): number {
    const bytes = this.#bytes;
    let [position, bits, held, borrowed] = [this.#position, this.#bits, this.#count, this.#borrowed];
    const means = this.#means;
    let mcu = 0;
    reading: for (; mcu < count; mcu++) {
      for (const { dc, ac, component, largest } of blocks) {
        for (let coefficient = 0; coefficient < 64; coefficient++) {
          // At least 16 bits for a code; there is room for them, since at most 15 are left.
          while (held < 16) {
            const byte = bytes[position];
            bits <<= 8;
            held += 8;
            if (byte === undefined || (byte === 0xff && bytes[position + 1] !== 0)) borrowed += 8;
            else {
              bits |= byte;
              position += byte === 0xff ? 2 : 1;
            }
          }
          const table = coefficient === 0 ? dc : ac!;
          const next = (bits >>> (held - 16)) & 0xffff;
          const entry = table.quick[next >> (16 - QUICK_BITS)]! || table.full[next]!;
          if (entry === 0) {
            this.failure = borrowed > 0 ? 'the coded data end' : 'a code is invalid';
            break reading;
          }
          held -= entry >> 8;
          const symbol = entry & 0xff;
          const size = symbol & 15;
          while (held < size) {
            const byte = bytes[position];
            bits <<= 8;
            held += 8;
            if (byte === undefined || (byte === 0xff && bytes[position + 1] !== 0)) borrowed += 8;
            else {
              bits |= byte;
              position += byte === 0xff ? 2 : 1;
            }
          }
          held -= size;
          if (coefficient === 0) {
            const value = (bits >>> held) & ((1 << size) - 1);
            const mean =
              means[component]! + (size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value);
            if (symbol > 15 || Math.abs(mean) > largest) {
              this.failure = 'a block is brighter or darker than any can be';
              break reading;
            }
            means[component] = mean;
            if (ac === undefined) break;
            continue;
          }
          if (size === 0 && symbol !== 0xf0) break;
          coefficient += symbol >> 4;
          if (coefficient > 63) {
            this.failure = 'a block has more than 64 coefficients';
            break reading;
          }
        }
        // What was borrowed may be held, but not used.
        if (borrowed > held) {
          this.failure = 'the coded data end';
          break reading;
        }
      }
    }
    [this.#position, this.#bits, this.#count, this.#borrowed] = [position, bits, held, borrowed];
    return mcu;
  }

  /**
   * Ends an interval: what is left of the last byte is padding.
   *
   * @returns How many bytes of data are left before the next marker; zeros and fill bytes do not count.
   */
  endInterval(): number {
    const whole = (this.#count - this.#borrowed) >> 3;
    // Whole bytes that were taken and not used are left over too.
    let surplus = 0;
    for (let i = 0; i < whole; i++) {
      const byte = (this.#bits >>> (this.#borrowed + 8 * i)) & 0xff;
      if (byte !== 0 && byte !== 0xff) surplus++;
    }
    const bytes = this.#bytes;
    let position = this.#position;
    while (position < bytes.length && !(bytes[position] === 0xff && isMarker(bytes[position + 1]))) {
      if (bytes[position] !== 0 && bytes[position] !== 0xff) surplus++;
      position++;
    }
    this.#position = position;
    [this.#bits, this.#count, this.#borrowed] = [0, 0, 0];
    this.#means.fill(0);
    return surplus;
  }

  /** Steps over a restart marker. @returns Whether there is one. */
  takeRestart(): boolean {
    const bytes = this.#bytes;
    const marker = bytes[this.#position + 1];
    if (bytes[this.#position] !== 0xff || marker === undefined || marker < 0xd0 || marker > 0xd7)
      return false;
    this.#position += 2;
    return true;
  }
}

/** 0 is a byte of data that happens to be 0xff, 0xff a fill byte. */
function isMarker(second: number | undefined): boolean {
  return second !== undefined && second !== 0 && second !== 0xff;
}

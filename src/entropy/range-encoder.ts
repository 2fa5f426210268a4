import { UsageError } from '../errors.js';

/** Frequencies of every table sum to 2^16: one symbol costs at most 16 bits. */
export const FREQUENCY_BITS = 16;

/** Sum of the frequencies of every table. */
export const FREQUENCY_TOTAL = 1 << FREQUENCY_BITS;

/** Widest field {@link RangeEncoder.encodeBits} and `RangeDecoder.decodeBits` take in one call. */
export const MAX_BYPASS_BITS = FREQUENCY_BITS;

/** A symbol shifts out at most this many bytes: the width never falls below 2^8 - 1 before renormalising. */
export const MAX_BYTES_PER_SYMBOL = 3;

/**
 * Byte-oriented range encoder with carry (format-spec/v1/entropy-coding.md, section 2).
 *
 * The interval is `[low, low + range)` in units of 2^-32 of the last byte boundary. `low` and `range` are
 * kept as int32 bit patterns of unsigned numbers, so that the engine never has to box them; read them with
 * `>>> 0`. A carry walks back into the bytes already written, which is possible because they are all still
 * in memory and costs nothing when there is none.
 *
 * The fields are open to the symbol loops of this folder, which keep them in locals; nothing else may touch
 * them.
 */
export class RangeEncoder {
  /** Lower end of the interval, int32 bit pattern. @internal */
  low = 0;
  /** Width of the interval, int32 bit pattern; at least 2^24 (unsigned) between symbols. @internal */
  range = -1;
  /** Bytes shifted out so far, with room behind them. @internal */
  buffer: Uint8Array<ArrayBuffer>;
  /** How many bytes of `buffer` are output. @internal */
  length = 0;
  #finished = false;

  /**
   * @param capacityBytes - first size of the output buffer; it grows as needed
   */
  constructor(capacityBytes = 1024) {
    this.buffer = new Uint8Array(Math.max(16, capacityBytes));
  }

  /** Makes room for `bytes` more output bytes. @internal */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  /**
   * Codes one symbol that owns `[start, start + frequency)` of the 2^16 units of its table.
   *
   * @param start - cumulative frequency below the symbol, 0..65535
   * @param frequency - 1..65536 - start
   */
  encode(start: number, frequency: number): void {
    const end = start + frequency;
    if (!(start >= 0 && frequency >= 1 && end <= FREQUENCY_TOTAL)) {
      throw new UsageError(
        'bad-frequency',
        `no symbol has start ${start} and frequency ${frequency} of 65536`,
      );
    }
    this.reserve(MAX_BYTES_PER_SYMBOL);
    const high = this.range >>> 16;
    const rest = this.range & 0xffff;
    const from = (Math.imul(high, start) + (Math.imul(rest, start) >>> 16)) | 0;
    const to = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    this.low = (this.low + from) | 0;
    if (this.low >>> 0 < from >>> 0) propagateCarry(this.buffer, this.length);
    this.range = (to - from) | 0;
    while ((this.range & 0xff000000) === 0) {
      this.buffer[this.length++] = this.low >>> 24;
      this.low <<= 8;
      this.range <<= 8;
    }
  }

  /**
   * Codes `bits` equally likely bits: the symbol `value` of a uniform table of 2^bits symbols.
   *
   * @param value - 0..2^bits - 1
   * @param bits - 1..16
   */
  encodeBits(value: number, bits: number): void {
    if (!(bits >= 1 && bits <= MAX_BYPASS_BITS && value >= 0 && value < 1 << bits)) {
      throw new UsageError('bad-bypass-bits', `${value} is not a number of ${bits} bits (1..16)`);
    }
    const unit = 1 << (FREQUENCY_BITS - bits);
    this.encode(value * unit, unit);
  }

  /**
   * Ends the stream with the fewest bytes that still identify it: none if zeros read past the end fall into
   * the final interval, otherwise the one smallest byte that does. The encoder cannot be used afterwards.
   *
   * @returns the whole stream; the only valid one for the symbols coded
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#finished) throw new UsageError('encoder-finished', 'a range encoder ends only once');
    this.#finished = true;
    this.reserve(1);
    const last = finalByte(this.low, this.range);
    if (last >= 0) this.buffer[this.length++] = last;
    else if (this.low !== 0) propagateCarry(this.buffer, this.length);
    return this.buffer.slice(0, this.length);
  }
}

/**
 * The byte that ends a stream whose final interval is `[low, low + range)`, or -1 when none is needed
 * because a multiple of 2^32 lies inside.
 *
 * @param low - int32 bit pattern
 * @param range - int32 bit pattern, at least 2^24 unsigned
 * @internal
 */
export function finalByte(low: number, range: number): number {
  const from = low >>> 0;
  if (from === 0 || from + (range >>> 0) > 0x100000000) return -1;
  return (from + 0xffffff) >>> 24;
}

/**
 * Adds one to the big-endian number that ends before `length`.
 * It cannot run off the front: the interval never reaches beyond the first byte's range.
 *
 * @internal
 */
export function propagateCarry(buffer: Uint8Array, length: number): void {
  let at = length - 1;
  while (buffer[at] === 0xff) buffer[at--] = 0;
  buffer[at] = buffer[at]! + 1;
}

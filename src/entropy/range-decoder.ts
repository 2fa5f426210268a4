import { FormatError } from '../errors.js';
import { FREQUENCY_BITS, finalByte, MAX_BYPASS_BITS } from './range-encoder.js';

/** Bytes the decoder looks ahead: the width of its window. */
const WINDOW_BYTES = 4;

/**
 * Mirror of `RangeEncoder` (format-spec/v1/entropy-coding.md, section 2). Reads zeros past the end of
 * the stream, but never more than the encoder may have left out, so a cut stream is noticed as soon as the
 * decoder runs past it and the work a hostile stream can cause is bounded by the number of symbols asked for.
 *
 * The fields are open to the symbol loops of this folder, which keep them in locals.
 */
export class RangeDecoder {
  /** Distance of the stream's number from the lower end of the interval, int32 bit pattern. @internal */
  code = 0;
  /** Width of the interval, int32 bit pattern; at least 2^24 (unsigned) between symbols. @internal */
  range = -1;
  /** The stream followed by the zeros the decoder may look at. @internal */
  readonly buffer: Uint8Array;
  /** Next byte of `buffer` to shift in; at most {@link maxPosition}. @internal */
  position = WINDOW_BYTES;
  /** Largest `position` a whole stream leads to. @internal */
  readonly maxPosition: number;
  /** Length of the stream in bytes. */
  readonly sizeBytes: number;
  readonly #section: string;

  /**
   * @param bytes - one range-coded stream, copied
   * @param section - what the stream is, for error messages, for example `tile 3`
   * @throws FormatError `invalid-payload` when no encoder starts a stream like this
   */
  constructor(bytes: Uint8Array, section = 'payload') {
    this.sizeBytes = bytes.length;
    this.maxPosition = bytes.length + WINDOW_BYTES;
    this.buffer = new Uint8Array(this.maxPosition);
    this.buffer.set(bytes);
    this.#section = section;
    this.code = this.#window();
    if (this.code === -1) {
      throw new FormatError('invalid-payload', 'range-coded stream starts with ff ff ff ff', { section });
    }
  }

  /**
   * Position, 0..65535, of the stream's number inside the 2^16 units of the next symbol's table.
   * {@link consume} must follow with the symbol that owns it.
   */
  peek(): number {
    return (((this.code >>> 0) * 65536 + 65535) / (this.range >>> 0)) | 0;
  }

  /**
   * Takes the symbol that owns `[start, start + frequency)`.
   *
   * @throws FormatError `truncated-payload`
   */
  consume(start: number, frequency: number): void {
    const end = start + frequency;
    const high = this.range >>> 16;
    const rest = this.range & 0xffff;
    const from = (Math.imul(high, start) + (Math.imul(rest, start) >>> 16)) | 0;
    const to = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    this.code = (this.code - from) | 0;
    this.range = (to - from) | 0;
    while ((this.range & 0xff000000) === 0) {
      if (this.position === this.maxPosition) throw this.truncated();
      this.code = (this.code << 8) | this.buffer[this.position++]!;
      this.range <<= 8;
    }
  }

  /**
   * Reads `bits` equally likely bits.
   *
   * @param bits - 1..16
   * @throws FormatError `truncated-payload`
   */
  decodeBits(bits: number): number {
    if (!(bits >= 1 && bits <= MAX_BYPASS_BITS)) throw new RangeError(`${bits} bypass bits`);
    const shift = FREQUENCY_BITS - bits;
    const value = this.peek() >>> shift;
    this.consume(value << shift, 1 << shift);
    return value;
  }

  /**
   * Checks that the stream ends exactly as the encoder ends it after the symbols decoded so far.
   *
   * @throws FormatError `truncated-payload`, `trailing-payload` or `non-canonical-payload`
   */
  finish(): void {
    const window = this.#window();
    const last = finalByte((window - this.code) | 0, this.range);
    const expected = this.position - WINDOW_BYTES + (last < 0 ? 0 : 1);
    if (this.sizeBytes > expected) {
      throw new FormatError(
        'trailing-payload',
        `range-coded stream has ${this.sizeBytes} bytes where its symbols end after ${expected}`,
        { section: this.#section },
      );
    }
    if (this.sizeBytes < expected) throw this.truncated();
    // Only the last byte can still differ: another number of the same final interval.
    if (window !== (last < 0 ? 0 : last << 24)) {
      throw new FormatError(
        'non-canonical-payload',
        'range-coded stream does not end as an encoder ends it',
        {
          section: this.#section,
        },
      );
    }
  }

  /** The error for a stream that ends before its symbols do. @internal */
  truncated(): FormatError {
    return new FormatError(
      'truncated-payload',
      `range-coded stream of ${this.sizeBytes} bytes ends before its symbols do`,
      { section: this.#section },
    );
  }

  /** An error about what the stream says. @internal */
  invalid(message: string): FormatError {
    return new FormatError('invalid-payload', message, { section: this.#section });
  }

  /** The four bytes before `position` as an int32 bit pattern. */
  #window(): number {
    const at = this.position - WINDOW_BYTES;
    const bytes = this.buffer;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

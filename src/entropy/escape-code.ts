import { UsageError } from '../errors.js';
import type { RangeDecoder } from './range-decoder.js';
import { MAX_BYPASS_BITS, type RangeEncoder } from './range-encoder.js';

/** Longest prefix of an escape code: distances stay below 2^32. */
const MAX_PREFIX = 31;

/**
 * Codes an integer outside the support of its table, after the escape symbol: one bit for the side, then the
 * distance from the support as an Exp-Golomb code of order 0, all in equally likely bits
 * (format-spec/v1/entropy-coding.md, section 5).
 *
 * @param value - int32 below `first` or above `last`
 * @param first - smallest integer with a symbol of its own
 * @param last - largest integer with a symbol of its own
 */
export function encodeEscape(encoder: RangeEncoder, value: number, first: number, last: number): void {
  const above = value > last;
  const coded = above ? value - last : first - value;
  if (!(coded >= 1)) throw new UsageError('bad-escape', `${value} lies in the support ${first}..${last}`);
  encoder.encodeBits(above ? 1 : 0, 1);
  // `coded` is the distance plus one, 1..2^32 - 1, which has 32 - clz32 binary digits.
  const prefix = 31 - Math.clz32(coded);
  for (let i = 0; i < prefix; i++) encoder.encodeBits(1, 1);
  encoder.encodeBits(0, 1);
  if (prefix > MAX_BYPASS_BITS) {
    encoder.encodeBits(
      (coded >>> MAX_BYPASS_BITS) & mask(prefix - MAX_BYPASS_BITS),
      prefix - MAX_BYPASS_BITS,
    );
    encoder.encodeBits(coded & 0xffff, MAX_BYPASS_BITS);
  } else if (prefix > 0) {
    encoder.encodeBits(coded & mask(prefix), prefix);
  }
}

/**
 * Reads what {@link encodeEscape} wrote; at most 64 bits, whatever the stream says.
 *
 * @returns an int32 below `first` or above `last`
 * @throws FormatError `invalid-payload` for a prefix above 31 or a value beyond int32, `truncated-payload`
 */
export function decodeEscape(decoder: RangeDecoder, first: number, last: number): number {
  const above = decoder.decodeBits(1) === 1;
  let prefix = 0;
  while (decoder.decodeBits(1) === 1) {
    if (++prefix > MAX_PREFIX) throw decoder.invalid('escape code has a prefix of more than 31 ones');
  }
  let coded = 1;
  if (prefix > MAX_BYPASS_BITS) {
    const high = prefix - MAX_BYPASS_BITS;
    coded = coded * (1 << high) + decoder.decodeBits(high);
    coded = coded * (1 << MAX_BYPASS_BITS) + decoder.decodeBits(MAX_BYPASS_BITS);
  } else if (prefix > 0) {
    coded = (1 << prefix) + decoder.decodeBits(prefix);
  }
  const value = above ? last + coded : first - coded;
  if (value !== (value | 0)) throw decoder.invalid(`escape code stands for ${value}, beyond 32 bits`);
  return value;
}

/** Bits an escape code adds to its escape symbol. */
export function escapeBits(value: number, first: number, last: number): number {
  const coded = value > last ? value - last : first - value;
  return 2 + 2 * (31 - Math.clz32(coded));
}

function mask(bits: number): number {
  return 2 ** bits - 1;
}

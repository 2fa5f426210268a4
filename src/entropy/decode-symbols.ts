import { checkTableIndexes } from './encode-symbols.js';
import { decodeEscape } from './escape-code.js';
import { type FrequencyTables, LOOKUP_BITS } from './frequency-tables.js';
import type { RangeDecoder } from './range-decoder.js';
import { FREQUENCY_BITS } from './range-encoder.js';

const LOOKUP_SHIFT = FREQUENCY_BITS - LOOKUP_BITS;

/**
 * The decoder's symbol loop: fills `out[i]` with a value of table `indexes[i]`, in order.
 * This is `RangeDecoder.peek` and `consume` written out with their state in locals (NOTES.md, "Speed").
 *
 * @throws UsageError `length-mismatch`, `bad-table-index`; FormatError `truncated-payload`,
 * `invalid-payload`
 * @internal
 */
export function decodeSymbols(
  decoder: RangeDecoder,
  out: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
): void {
  const total = out.length;
  checkTableIndexes(total, indexes, tables);
  const { offset, sizes, starts, cumulative, lookup } = tables;
  const { buffer, maxPosition } = decoder;
  let { code, range, position } = decoder;
  for (let i = 0; i < total; i++) {
    const table = indexes[i]!;
    const first = starts[table]!;
    // At most the exact unit, since the divisor is rounded up: an integer division where the exact unit
    // needs one in binary64, which takes twice as long. The search upwards makes it good.
    const unit = ((code >>> 0) / ((range >>> 16) + 1)) | 0;
    let at = first + lookup[(table << LOOKUP_BITS) + (unit >>> LOOKUP_SHIFT)]!;
    const high = range >>> 16;
    const rest = range & 0xffff;
    let end = cumulative[at]!;
    let lower = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    end = cumulative[at + 1]!;
    let upper = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    // Ends at the table's last symbol, whose upper bound is the range, at the latest.
    while (upper >>> 0 <= code >>> 0) {
      lower = upper;
      end = cumulative[++at + 1]!;
      upper = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    }
    code = (code - lower) | 0;
    range = (upper - lower) | 0;
    while ((range & 0xff000000) === 0) {
      if (position === maxPosition) throw decoder.truncated();
      code = (code << 8) | buffer[position++]!;
      range <<= 8;
    }
    const symbol = at - first;
    const escapeSymbol = sizes[table]! - 1;
    if (symbol !== escapeSymbol) {
      out[i] = offset[table]! + symbol;
      continue;
    }
    decoder.code = code;
    decoder.range = range;
    decoder.position = position;
    const smallest = offset[table]!;
    out[i] = decodeEscape(decoder, smallest, smallest + escapeSymbol - 1);
    ({ code, range, position } = decoder);
  }
  decoder.code = code;
  decoder.range = range;
  decoder.position = position;
}

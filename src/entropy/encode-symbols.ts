import { UsageError } from '../errors.js';
import { encodeEscape } from './escape-code.js';
import type { FrequencyTables } from './frequency-tables.js';
import { MAX_BYTES_PER_SYMBOL, propagateCarry, type RangeEncoder } from './range-encoder.js';

/** Symbols between two looks at the room left in the output buffer. */
const BATCH = 4096;

/**
 * The encoder's symbol loop: codes `values[i]` with table `indexes[i]`, in order.
 * This is `RangeEncoder.encode` written out with its state in locals (see NOTES.md, "Speed").
 *
 * @throws UsageError `length-mismatch`, `bad-table-index`
 * @internal
 */
export function encodeSymbols(
  encoder: RangeEncoder,
  values: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
): void {
  const total = values.length;
  checkTableIndexes(total, indexes, tables);
  for (let from = 0; from < total; from += BATCH) {
    encodeBatch(encoder, values, indexes, tables, from, Math.min(total, from + BATCH));
  }
}

/** Refuses a symbol without an index and an index without a table, which the loops would not notice. @internal */
export function checkTableIndexes(total: number, indexes: Uint8Array, tables: FrequencyTables): void {
  if (indexes.length !== total) {
    throw new UsageError('length-mismatch', `${total} symbols but ${indexes.length} table indexes`);
  }
  let largest = 0;
  for (let i = 0; i < indexes.length; i++) if (indexes[i]! > largest) largest = indexes[i]!;
  if (largest >= tables.count) {
    throw new UsageError('bad-table-index', `table index ${largest} of ${tables.count} tables`);
  }
}

function encodeBatch(
  encoder: RangeEncoder,
  values: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
  from: number,
  to: number,
): void {
  const { offset, sizes, starts, cumulative } = tables;
  encoder.reserve((to - from) * MAX_BYTES_PER_SYMBOL);
  let { low, range, length, buffer } = encoder;
  for (let i = from; i < to; i++) {
    const table = indexes[i]!;
    const value = values[i]!;
    const escapeSymbol = sizes[table]! - 1;
    const first = offset[table]!;
    // A value below the support turns into a huge unsigned number: one test for both sides.
    const distance = (value - first) >>> 0;
    const symbol = Math.min(distance, escapeSymbol);
    const at = starts[table]! + symbol;
    const start = cumulative[at]!;
    const end = cumulative[at + 1]!;
    const high = range >>> 16;
    const rest = range & 0xffff;
    const lower = (Math.imul(high, start) + (Math.imul(rest, start) >>> 16)) | 0;
    const upper = (Math.imul(high, end) + (Math.imul(rest, end) >>> 16)) | 0;
    low = (low + lower) | 0;
    if (low >>> 0 < lower >>> 0) propagateCarry(buffer, length);
    range = (upper - lower) | 0;
    while ((range & 0xff000000) === 0) {
      buffer[length++] = low >>> 24;
      low <<= 8;
      range <<= 8;
    }
    if (symbol === escapeSymbol) {
      encoder.low = low;
      encoder.range = range;
      encoder.length = length;
      encodeEscape(encoder, value, first, first + escapeSymbol - 1);
      encoder.reserve((to - i) * MAX_BYTES_PER_SYMBOL);
      ({ low, range, length, buffer } = encoder);
    }
  }
  encoder.low = low;
  encoder.range = range;
  encoder.length = length;
}

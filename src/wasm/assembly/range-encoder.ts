import { bound, finalByte } from './interval';
import { exchangeStart, growExchange } from './memory';
import { Status, fail } from './status';
import { TABLE_SHIFT, Table } from './tables';

/** Symbols between two looks at the room left. */
const BATCH: u32 = 4096;
/** No symbol shifts out more bytes: at most 16 bits and 64 of an escape code, and 8 bits begun before. */
const MAX_BYTES_PER_SYMBOL: u64 = 16;

// The state of the stream that is being encoded, into the exchange area. The symbol loop keeps it in locals.
let low: u32 = 0;
let range: u32 = 0;
let start: usize = 0;
/** Where the next byte goes. */
let position: usize = 0;

/** Begins a stream. */
export function startEncoding(): void {
  low = 0;
  range = 0xffffffff;
  start = exchangeStart();
  position = start;
}

/** Codes values[i] with table indexes[i], in order. */
export function encodePlane(values: usize, indexes: usize, count: u32, tables: usize): i32 {
  for (let from: u32 = 0; from < count; from += BATCH) {
    const batch = min(BATCH, count - from);
    if (!growExchange(u64(position - start) + u64(batch) * MAX_BYTES_PER_SYMBOL + 1)) return fail(Status.OUT_OF_MEMORY);
    encodeBatch(values + (from << 2), indexes + from, batch, tables);
  }
  return Status.OK;
}

/** Ends the stream with the fewest bytes that still identify it; returns its size in bytes. */
export function finishEncoding(): u32 {
  const last = finalByte(low, range);
  if (last >= 0) store<u8>(position++, u8(last));
  else if (low != 0) propagateCarry(position);
  return u32(position - start);
}

function encodeBatch(values: usize, indexes: usize, count: u32, tables: usize): void {
  let l = low;
  let r = range;
  let at = position;
  for (let i: u32 = 0; i < count; i++) {
    const table = changetype<Table>(tables + (usize(load<u8>(indexes + i)) << TABLE_SHIFT));
    const value = load<i32>(values + (i << 2));
    const escapeSymbol = u32(table.escapeSymbol);
    // A value below the support turns into a huge unsigned number: one test for both sides.
    const symbol = min(u32(value - table.first), escapeSymbol);
    const entry = table.cumulative + (symbol << 2);
    const lower = bound(r, load<u32>(entry));
    const upper = bound(r, load<u32>(entry, 4));
    l += lower;
    if (l < lower) propagateCarry(at);
    r = upper - lower;
    while (r < 0x1000000) {
      store<u8>(at++, u8(l >> 24));
      l <<= 8;
      r <<= 8;
    }
    if (symbol == escapeSymbol) {
      low = l;
      range = r;
      position = at;
      encodeEscape(value, table.first, table.first + i32(escapeSymbol) - 1);
      l = low;
      r = range;
      at = position;
    }
  }
  low = l;
  range = r;
  position = at;
}

/** Codes an integer outside first..last: the side, then the distance as an Exp-Golomb code of order 0. */
function encodeEscape(value: i32, first: i32, last: i32): void {
  const above = value > last;
  const coded = above ? u32(value - last) : u32(first - value);
  encodeBits(above ? 1 : 0, 1);
  const prefix: u32 = 31 - u32(clz(coded));
  for (let i: u32 = 0; i < prefix; i++) encodeBits(1, 1);
  encodeBits(0, 1);
  const rest = coded - (u32(1) << prefix);
  if (prefix > 16) {
    encodeBits(rest >> 16, prefix - 16);
    encodeBits(rest & 0xffff, 16);
  } else if (prefix > 0) {
    encodeBits(rest, prefix);
  }
}

/** Codes a field of 1 to 16 equally likely bits. */
function encodeBits(value: u32, bits: u32): void {
  const shift = 16 - bits;
  const lower = bound(range, value << shift);
  const upper = bound(range, (value + 1) << shift);
  low += lower;
  if (low < lower) propagateCarry(position);
  range = upper - lower;
  while (range < 0x1000000) {
    store<u8>(position++, u8(low >> 24));
    low <<= 8;
    range <<= 8;
  }
}

/** Adds one to the number that the bytes before `end` form; it has room in them, since the interval never leaves [0, 1). */
function propagateCarry(end: usize): void {
  let at = end - 1;
  while (at > start && load<u8>(at) == 0xff) store<u8>(at--, 0);
  store<u8>(at, load<u8>(at) + 1);
}

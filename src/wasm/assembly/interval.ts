/** Bound of the share of `cumulative` of 65536 units in an interval: floor(range * cumulative / 65536) ([DICM-E-01]). */
// @ts-ignore: decorator
@inline
export function bound(range: u32, cumulative: u32): u32 {
  return u32((u64(range) * u64(cumulative)) >> 16);
}

/**
 * The byte that ends a stream whose final interval is [low, low + range), or -1 when none is needed because a multiple of
 * 2^32 lies inside ([DICM-E-03]).
 */
export function finalByte(low: u32, range: u32): i32 {
  if (low == 0 || u64(low) + u64(range) > 0x100000000) return -1;
  return i32((u64(low) + 0xffffff) >> 24);
}

/** Bytes behind the exchange area that may be read: zeros after a payload, and the rest of a vector. */
const SLACK_BYTES: u64 = 64;
/** Vectors of four binary32. */
const ALIGNMENT: u64 = 16;

/** End of the areas; the exchange area begins here. */
let end: u64 = (u64(__heap_base) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
let capacityBytes: u64 = 0;

/** Address of a new area, which is zero; the memory grows with {@link growToAreas}. */
export function take(sizeBytes: u64): usize {
  const address = end;
  end = (end + sizeBytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  return usize(address);
}

/** Makes the memory hold all areas; false when the host has no more. */
export function growToAreas(): bool {
  return grow(end);
}

/** Begin of the exchange area, behind all others. */
export function exchangeStart(): usize {
  return usize(end);
}

/** Bytes that the exchange area holds. */
export function exchangeCapacity(): u64 {
  return capacityBytes;
}

/** Makes the exchange area hold `sizeBytes`, keeping what is in it; false when the host has no more memory. */
export function growExchange(sizeBytes: u64): bool {
  if (sizeBytes <= capacityBytes) return true;
  if (!grow(end + sizeBytes)) return false;
  capacityBytes = sizeBytes;
  return true;
}

function grow(sizeBytes: u64): bool {
  const pages = (sizeBytes + SLACK_BYTES + 0xffff) >> 16;
  if (pages > 65536) return false;
  const missing = i32(pages) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

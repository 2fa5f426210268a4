const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * Binary16 patterns of binary32 values, rounded to nearest, ties to even (IEEE 754): what is too large becomes infinite,
 * what is too small zero.
 */
export function toHalf(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = halfOf(values[i]!);
  return halves;
}

function halfOf(value: number): number {
  float[0] = value;
  const pattern = bits[0]!;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on the nearest is infinity; below 2^-14 halves are subnormal, multiples of 2^-24.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    const multiples = Math.abs(value) * 2 ** 24;
    const below = Math.floor(multiples);
    const rest = multiples - below;
    return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below);
  }
  // The exponent has another bias; a carry out of the fraction raises it, as it should.
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >>> 13);
}

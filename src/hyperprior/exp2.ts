const { fround } = Math;

/** Polynomial of 2^f on [-0.5, 0.5], constant term first; each value is a binary32 ([DICM-S-05]). */
const EXP2_COEFFICIENTS = [
  1, // 0x1p+0
  0.6931471824645996, // 0x1.62e430p-1
  0.24022647738456726, // 0x1.ebfbdcp-3
  0.05550359934568405, // 0x1.c6af7cp-5
  0.009618505835533142, // 0x1.3b2de0p-7
  0.0013390806270763278, // 0x1.5f082ep-10
  0.00015326464199461043, // 0x1.416b54p-13
] as const;

const [C0, C1, C2, C3, C4, C5, C6] = EXP2_COEFFICIENTS;

/** 2^n as binary32 for n = -126..127, at n + 126. */
const POWERS = Float32Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));

/**
 * 2^v in binary32, the same bits everywhere: relative error at most 1e-7, exact for integers
 * (format-spec/v1/hyper-synthesis.md, [DICM-S-05]).
 *
 * @param v - binary32 in [-126, 127]
 */
export function exp2(v: number): number {
  const whole = Math.floor(fround(v + 0.5));
  const f = fround(v - whole);
  let p = fround(fround(C6 * f) + C5);
  p = fround(fround(p * f) + C4);
  p = fround(fround(p * f) + C3);
  p = fround(fround(p * f) + C2);
  p = fround(fround(p * f) + C1);
  p = fround(fround(p * f) + C0);
  return fround(p * POWERS[whole + 126]!);
}

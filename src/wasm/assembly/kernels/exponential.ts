/**
 * 2^v by lanes, for v in [-126, 127]: nearest integer by floor(v + 0.5), then a polynomial of degree 6
 * on the rest in Horner form. Coefficients: format-spec/v1/hyper-synthesis.md, [DICM-S-05].
 */
// @ts-ignore: decorator
@inline
export function exp2x4(v: v128): v128 {
  const whole = f32x4.floor(f32x4.add(v, f32x4.splat(0.5)));
  const f = f32x4.sub(v, whole);
  let p = f32x4.splat(0.00015326464199461043);
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.0013390806270763278));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.009618505835533142));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.05550359934568405));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.24022647738456726));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.6931471824645996));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1));
  const exponent = i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127));
  return f32x4.mul(p, i32x4.shl(exponent, 23));
}

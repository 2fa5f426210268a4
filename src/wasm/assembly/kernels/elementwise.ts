/** 1 / 6 rounded to binary32. */
const SIXTH: f32 = 0.1666666716337204;

/** x = x + y over `count` values, a multiple of four. */
export function add(x: usize, y: usize, count: usize): void {
  for (let i: usize = 0; i < count << 2; i += 16) {
    v128.store(x + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
  }
}

/** x = x * clamp(x / 6 + 0.5, 0, 1) over `count` values, a multiple of four. */
export function hardSwish(x: usize, count: usize): void {
  const sixth = f32x4.splat(SIXTH);
  const half = f32x4.splat(0.5);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let i: usize = 0; i < count << 2; i += 16) {
    const value = v128.load(x + i);
    const gate = f32x4.add(f32x4.mul(value, sixth), half);
    v128.store(x + i, f32x4.mul(value, f32x4.pmin(f32x4.pmax(gate, zero), one)));
  }
}

/**
 * y[2r + dy][2s + dx][c] = x[r][s][(dy, dx, c)], cropped to outHeight x outWidth; channels is that of y.
 */
export function depthToSpace(
  x: usize,
  y: usize,
  width: usize,
  channels: usize,
  outHeight: usize,
  outWidth: usize,
): void {
  const bytes = channels << 2;
  for (let row: usize = 0; row < outHeight; row++) {
    for (let column: usize = 0; column < outWidth; column++) {
      const token = (row >> 1) * width + (column >> 1);
      const part = ((row & 1) << 1) + (column & 1);
      memory.copy(y + (row * outWidth + column) * bytes, x + (token * 4 + part) * bytes, bytes);
    }
  }
}

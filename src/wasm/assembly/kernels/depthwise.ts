/**
 * y = x + (bias + the 3x3 taps in raster order); taps outside the picture are left out of the sum.
 * x, y: [height][width][channels]; weight: [9][channels].
 */
export function depthwiseResidual(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  height: usize,
  width: usize,
  channels: usize,
): void {
  const stride = channels << 2;
  for (let row: usize = 0; row < height; row++) {
    const fromRow: usize = row == 0 ? 1 : 0;
    const toRow: usize = row == height - 1 ? 2 : 3;
    for (let column: usize = 0; column < width; column++) {
      const fromColumn: usize = column == 0 ? 1 : 0;
      const toColumn: usize = column == width - 1 ? 2 : 3;
      const centre = (row * width + column) * stride;
      for (let c: usize = 0; c < stride; c += 16) {
        let sum = v128.load(bias + c);
        for (let ky = fromRow; ky < toRow; ky++) {
          for (let kx = fromColumn; kx < toColumn; kx++) {
            // ky and kx are one too high, so the address is computed before anything is taken off.
            const at = x + ((row + ky) * width + column + kx) * stride - (width + 1) * stride;
            const tap = v128.load(weight + (ky * 3 + kx) * stride + c);
            sum = f32x4.add(sum, f32x4.mul(v128.load(at + c), tap));
          }
        }
        v128.store(y + centre + c, f32x4.add(v128.load(x + centre + c), sum));
      }
    }
  }
}

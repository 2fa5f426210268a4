/** Outputs of one weight panel: two vectors of four lanes. */
const PANEL: usize = 8;

/**
 * y[t][o] = bias[o] + x[t][0] w[0][o] + x[t][1] w[1][o] + ..., added from left to right.
 *
 * Four tokens by one panel of eight outputs keep eight sums in registers. A last block of fewer than four
 * tokens computes its last token more than once and stores the same bits again.
 */
export function linear(
  x: usize,
  weight: usize,
  bias: usize,
  y: usize,
  tokens: usize,
  inputs: usize,
  outputs: usize,
): void {
  const xStride = inputs << 2;
  const yStride = outputs << 2;
  const last = tokens - 1;
  for (let o: usize = 0; o < outputs; o += PANEL) {
    const panel = weight + o * xStride;
    const bias0 = v128.load(bias + (o << 2));
    const bias1 = v128.load(bias + (o << 2), 16);
    for (let t: usize = 0; t < tokens; t += 4) {
      const t1 = min(t + 1, last);
      const t2 = min(t + 2, last);
      const t3 = min(t + 3, last);
      let x0 = x + t * xStride;
      let x1 = x + t1 * xStride;
      let x2 = x + t2 * xStride;
      let x3 = x + t3 * xStride;
      let a0 = bias0;
      let a1 = bias1;
      let b0 = bias0;
      let b1 = bias1;
      let c0 = bias0;
      let c1 = bias1;
      let d0 = bias0;
      let d1 = bias1;
      const end = panel + inputs * (PANEL << 2);
      for (let w = panel; w < end; w += PANEL << 2) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const va = v128.load32_splat(x0);
        a0 = f32x4.add(a0, f32x4.mul(va, w0));
        a1 = f32x4.add(a1, f32x4.mul(va, w1));
        const vb = v128.load32_splat(x1);
        b0 = f32x4.add(b0, f32x4.mul(vb, w0));
        b1 = f32x4.add(b1, f32x4.mul(vb, w1));
        const vc = v128.load32_splat(x2);
        c0 = f32x4.add(c0, f32x4.mul(vc, w0));
        c1 = f32x4.add(c1, f32x4.mul(vc, w1));
        const vd = v128.load32_splat(x3);
        d0 = f32x4.add(d0, f32x4.mul(vd, w0));
        d1 = f32x4.add(d1, f32x4.mul(vd, w1));
        x0 += 4;
        x1 += 4;
        x2 += 4;
        x3 += 4;
      }
      const out = y + (o << 2);
      v128.store(out + t * yStride, a0);
      v128.store(out + t * yStride, a1, 16);
      v128.store(out + t1 * yStride, b0);
      v128.store(out + t1 * yStride, b1, 16);
      v128.store(out + t2 * yStride, c0);
      v128.store(out + t2 * yStride, c1, 16);
      v128.store(out + t3 * yStride, d0);
      v128.store(out + t3 * yStride, d1, 16);
    }
  }
}

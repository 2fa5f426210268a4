/** A function given at rising places, with its slope at each. */
interface PiecewiseCubic {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly slopes: readonly number[];
}

/**
 * Integral of the piecewise cubic Hermite interpolation through points (PCHIP: Fritsch and Butland 1984, with the
 * three-point ends of Fritsch and Carlson). Between two points it rises or falls as they do and never overshoots, which
 * is why standardisation uses it for Bjontegaard deltas (JCTVC-L1100). The same as scipy's `PchipInterpolator`.
 *
 * @param x - Strictly rising, at least two.
 * @param y - Values at `x`.
 * @param from - Not below the first of `x`.
 * @param to - Not above the last of `x`, not below `from`.
 */
export function integratePiecewiseCubic(
  x: readonly number[],
  y: readonly number[],
  from: number,
  to: number,
): number {
  const curve = { x, y, slopes: pchipSlopes(x, y) };
  let integral = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [start, end] = [Math.max(from, x[i]!), Math.min(to, x[i + 1]!)];
    if (end > start) integral += integrateSegment(curve, i, start, end);
  }
  return integral;
}

function integrateSegment({ x, y, slopes }: PiecewiseCubic, i: number, from: number, to: number): number {
  const width = x[i + 1]! - x[i]!;
  const secant = (y[i + 1]! - y[i]!) / width;
  // y + slope s + b s^2 + c s^3, s measured from the segment's first point.
  const b = (3 * secant - 2 * slopes[i]! - slopes[i + 1]!) / width;
  const c = (slopes[i]! + slopes[i + 1]! - 2 * secant) / width ** 2;
  const antiderivative = (s: number) => s * (y[i]! + s * (slopes[i]! / 2 + s * (b / 3 + (s * c) / 4)));
  return antiderivative(to - x[i]!) - antiderivative(from - x[i]!);
}

function pchipSlopes(x: readonly number[], y: readonly number[]): number[] {
  const widths = x.slice(1).map((end, i) => end - x[i]!);
  const secants = widths.map((width, i) => (y[i + 1]! - y[i]!) / width);
  if (secants.length === 1) return [secants[0]!, secants[0]!];
  const inner = secants
    .slice(1)
    .map((right, i) => innerSlope(secants[i]!, right, widths[i]!, widths[i + 1]!));
  const last = secants.length - 1;
  return [
    endSlope(secants[0]!, secants[1]!, widths[0]!, widths[1]!),
    ...inner,
    endSlope(secants[last]!, secants[last - 1]!, widths[last]!, widths[last - 1]!),
  ];
}

/** Weighted harmonic mean of the slopes on both sides; 0 at a turning point. */
function innerSlope(left: number, right: number, leftWidth: number, rightWidth: number): number {
  if (left * right <= 0) return 0;
  const leftWeight = 2 * rightWidth + leftWidth;
  const rightWeight = rightWidth + 2 * leftWidth;
  return (leftWeight + rightWeight) / (leftWeight / left + rightWeight / right);
}

/** Slope of the parabola through the three outer points, held back where it would overshoot. */
function endSlope(outer: number, next: number, outerWidth: number, nextWidth: number): number {
  const slope = ((2 * outerWidth + nextWidth) * outer - outerWidth * next) / (outerWidth + nextWidth);
  if (Math.sign(slope) !== Math.sign(outer)) return 0;
  if (Math.sign(outer) !== Math.sign(next) && Math.abs(slope) > 3 * Math.abs(outer)) return 3 * outer;
  return slope;
}

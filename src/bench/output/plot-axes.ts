/** Labelled positions on an axis. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Steps of 1, 2 and 5 that are labelled between powers of ten. */
const STEPS = [1, 2, 5];

/** An axis of logarithms around some values above 0, with ticks at 1, 2 and 5 of every power of ten in it. */
export function logarithmicAxis(values: readonly number[]): Axis {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of STEPS) {
      const tick = Number(`${step}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return { low, high, ticks };
}

/** A linear axis from a round number below some values to one above them, with four to nine ticks. */
export function linearAxis(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(most - least, 1e-3);
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)!;
  const [first, last] = [Math.floor(least / step), Math.ceil(most / step + 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}

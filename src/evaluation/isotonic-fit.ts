/**
 * The nondecreasing values nearest to given ones in the sense of least squares (pool adjacent violators, Ayer et al.
 * 1955): neighbours that fall are replaced by their mean until none does.
 *
 * @returns As many values as given.
 */
export function isotonicFit(values: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  const mean = (i: number) => pools[i]!.sum / pools[i]!.count;
  for (const value of values) {
    pools.push({ sum: value, count: 1 });
    while (pools.length > 1 && mean(pools.length - 2) > mean(pools.length - 1)) {
      const { sum, count } = pools.pop()!;
      const pool = pools[pools.length - 1]!;
      pool.sum += sum;
      pool.count += count;
    }
  }
  return pools.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
}

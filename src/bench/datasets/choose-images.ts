import { Mulberry32 } from '../../evaluation/mulberry32.js';

/**
 * Draws some of a list at random, the same ones for the same seed; they keep the list's order.
 *
 * @param count - How many; all when there are not more.
 */
export function chooseImages<T>(list: readonly T[], count: number, seed: number): T[] {
  if (count >= list.length) return [...list];
  const random = new Mulberry32(seed);
  const order = list.map((_, index) => ({ index, key: random.next() }));
  order.sort((a, b) => a.key - b.key || a.index - b.index);
  const chosen = order.slice(0, count).map(({ index }) => index);
  return chosen.sort((a, b) => a - b).map((index) => list[index]!);
}

import type { Named } from './backend.js';

/** Applies a function to every value, in the order of the names. */
export function mapNamed<T, R, N extends string>(
  values: Named<T, N>,
  apply: (value: T, name: N) => R,
): Record<N, R> {
  const names = Object.keys(values) as N[];
  return Object.fromEntries(names.map((name) => [name, apply(values[name], name)])) as Record<N, R>;
}

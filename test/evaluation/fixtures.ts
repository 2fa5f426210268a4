import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Cases of fixtures/evaluation. */
export function readCases<T>(name: string): T[] {
  const path = new URL(`../../fixtures/evaluation/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as T[];
}

/** Checks a figure to 1e-9, absolute for small ones and relative for large; null stands for a missing one. */
export function expectClose(actual: number | undefined, expected: number | null): void {
  if (expected === null || actual === undefined) expect(actual ?? null).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
}

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Cases of fixtures/evaluation. */
export function readCases<T>(name: string): T[] {
  const path = new URL(`../../fixtures/evaluation/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as T[];
}

/**
 * Checks a figure, absolutely for small ones and relatively for large; null stands for a missing one.
 *
 * @param within - What it may differ by: 1e-9, or what the digits of a published figure leave open.
 */
export function expectClose(actual: number | undefined, expected: number | null, within = 1e-9): void {
  if (expected === null || actual === undefined) expect(actual ?? null).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThan(within * Math.max(1, Math.abs(expected)));
}

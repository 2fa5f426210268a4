import { describe, expect, test } from 'vitest';
import { overlap } from '../../src/codec/overlap.js';

async function collect<R>(results: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('overlap', () => {
  test('results come in order, whatever finishes first', async () => {
    const delays = [30, 1, 15, 1];
    const results = overlap(4, async (index) => {
      await new Promise((resolve) => setTimeout(resolve, delays[index]));
      return index;
    });
    expect(await collect(results)).toEqual([0, 1, 2, 3]);
  });

  test('a step begins while the one before is pending, and no earlier', async () => {
    const events: string[] = [];
    const results = overlap(3, async (index) => {
      events.push(`start ${index}`);
      await new Promise((resolve) => setImmediate(resolve));
      return index;
    });
    for await (const index of results) events.push(`end ${index}`);
    expect(events).toEqual(['start 0', 'start 1', 'end 0', 'start 2', 'end 1', 'end 2']);
  });

  test('nothing to do', async () => {
    expect(await collect(overlap(0, () => Promise.reject(new Error('not called'))))).toEqual([]);
  });

  test('the first failure ends it, and a later one is not left unhandled', async () => {
    const results = overlap(3, async (index) => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error(`step ${index}`);
    });
    await expect(collect(results)).rejects.toThrow('step 0');
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

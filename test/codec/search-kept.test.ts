import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { climbToKept, descendRefined, MOST_REFINED_TRIES, MOST_TRIES } from '../../src/codec/search-kept.js';

const LAST = 2047;

/** Files whose answers are kept where `isKept` says so, and a list of the positions that were tried. */
function files(isKept: (position: number) => boolean, sizeAt = (position: number) => 200 + position) {
  const tried: number[] = [];
  const tryAt = async (position: number) => {
    tried.push(position);
    return { candidate: { position, sizeBytes: sizeAt(position) }, keeps: isKept(position) };
  };
  return { tried, tryAt };
}

describe('climbToKept', () => {
  test('answers that are kept from some position on: no file 16 positions lower keeps them', async () => {
    for (const first of [0, 1, 15, 16, 255, 256, 257, 700, 1024, 1793, 2040, LAST]) {
      const { tried, tryAt } = files((position) => position >= first);
      const { candidate, keeps } = await climbToKept(tryAt);
      expect(keeps).toBe(true);
      expect(candidate.position).toBeGreaterThanOrEqual(first);
      expect(candidate.position - first).toBeLessThan(16);
      expect(tried.length).toBeLessThanOrEqual(MOST_TRIES);
      expect(new Set(tried).size).toBe(tried.length);
    }
  });

  test('what the smallest file keeps takes one try', async () => {
    const { tried, tryAt } = files(() => true);
    expect((await climbToKept(tryAt)).candidate.position).toBe(0);
    expect(tried).toEqual([0]);
  });

  test('what no file keeps ends at the best quality, and says so', async () => {
    const { tried, tryAt } = files(() => false);
    const { candidate, keeps } = await climbToKept(tryAt);
    expect([candidate.position, keeps]).toEqual([LAST, false]);
    expect(tried.length).toBeLessThanOrEqual(MOST_TRIES);
  });

  test('answers that come and go: what is given was tried, keeps, and is the smallest that did', async () => {
    const patterns = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(patterns, fc.boolean(), async (pattern, jitters) => {
        const isKept = (position: number) => pattern[position >> 6]! > 127;
        const { tried, tryAt } = files(isKept, (position) => 200 + (jitters ? position ^ 31 : position));
        const { candidate, keeps } = await climbToKept(tryAt);
        expect(tried).toContain(candidate.position);
        expect(keeps).toBe(tried.some(isKept));
        expect(tried.length).toBeLessThanOrEqual(MOST_TRIES);
        if (!keeps) return;
        expect(isKept(candidate.position)).toBe(true);
        const sizes = tried.filter(isKept).map((position) => 200 + (jitters ? position ^ 31 : position));
        expect(candidate.sizeBytes).toBe(Math.min(...sizes));
      }),
    );
  });

  test('an island far below the best quality is found, though the best quality does not keep', async () => {
    const { tryAt } = files((position) => position > 500 && position < 600);
    const { candidate, keeps } = await climbToKept(tryAt);
    expect(keeps).toBe(true);
    expect(candidate.position).toBeLessThan(517);
  });
});

describe('descendRefined', () => {
  const plain = (position: number, keeps: boolean) => ({
    candidate: { position, sizeBytes: 200 + position },
    keeps,
  });

  test('goes below the plain file as far as refined ones keep', async () => {
    for (const first of [0, 40, 300, 512]) {
      const { tried, tryAt } = files((position) => position >= first);
      const { candidate, keeps } = await descendRefined(tryAt, plain(512, true));
      expect(keeps).toBe(true);
      expect(candidate.position).toBeGreaterThanOrEqual(first);
      expect(candidate.position - first).toBeLessThan(64);
      expect(tried.length).toBeLessThanOrEqual(MOST_REFINED_TRIES);
    }
  });

  test('keeps the plain file where the refined one does not keep, or is larger', async () => {
    const kept = plain(512, true);
    expect(await descendRefined(files(() => false).tryAt, kept)).toBe(kept);
    const larger = files(
      (position) => position === 512,
      () => 10_000,
    );
    expect(await descendRefined(larger.tryAt, kept)).toBe(kept);
  });

  test('keeps what no plain file keeps, where refinement does', async () => {
    const { tried, tryAt } = files((position) => position >= 1500);
    const { candidate, keeps } = await descendRefined(tryAt, plain(LAST, false));
    expect(keeps).toBe(true);
    expect(candidate.position - 1500).toBeLessThan(64);
    expect(tried.length).toBeLessThanOrEqual(MOST_REFINED_TRIES);
  });
});

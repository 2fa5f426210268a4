import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { searchPosition } from '../../src/codec/search-position.js';
import { shortestQuality } from '../../src/codec/shortest-quality.js';
import { positionToQuality, qualityToPosition } from '../../src/container/quality.js';

const LAST = 2047;

/** A coder whose sizes follow `sizeAt`, and which counts its codings. */
function coder(sizeAt: (position: number) => number) {
  const coded: number[] = [];
  const codeAt = async (position: number) => {
    coded.push(position);
    return { position, sizeBytes: sizeAt(position) };
  };
  const at = (wanted: number) => searchPosition(codeAt, (position) => position <= wanted);
  const within = (bytes: number) => searchPosition(codeAt, (_, { sizeBytes }) => sizeBytes <= bytes);
  return { coded, at, within };
}

const steady = (position: number) => 100 + Math.floor(position ** 1.3 / 4);

describe('searchPosition', () => {
  test('with growing sizes the position asked for is the position coded', async () => {
    for (const wanted of [0, 1, 2, 511, 1000, 1023, 1024, 2046, LAST]) {
      expect((await coder(steady).at(wanted)).position).toBe(wanted);
    }
  });

  test('thirteen codings at most', async () => {
    for (const wanted of [0, 1, 1013, LAST]) {
      const search = coder(steady);
      await search.at(wanted);
      expect(search.coded.length).toBeLessThanOrEqual(13);
      expect(new Set(search.coded).size).toBe(search.coded.length);
    }
  });

  test('a target finds the largest file within it', async () => {
    for (const target of [100, 101, 500, 2000, 4000, steady(LAST) - 1]) {
      const { position, sizeBytes } = await coder(steady).within(target);
      expect(sizeBytes).toBeLessThanOrEqual(target);
      expect(steady(position + 1)).toBeGreaterThan(target);
    }
  });

  test('a target out of range gives the nearest end', async () => {
    expect((await coder(steady).within(10)).position).toBe(0);
    expect((await coder(steady).within(1e9)).position).toBe(LAST);
  });

  test('sizes never fall as the position rises, however the raw sizes jitter', async () => {
    const noise = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 64, maxLength: 64 });
    const slope = fc.double({ min: 0, max: 2, noNaN: true });
    await fc.assert(
      fc.asyncProperty(noise, slope, async (jitter, growth) => {
        const sizeAt = (position: number) =>
          Math.max(30, Math.round(200 + growth * position + jitter[(position * 37) % 64]!));
        const { at } = coder(sizeAt);
        let before = 0;
        for (let wanted = 0; wanted <= LAST; wanted += 23) {
          const { sizeBytes, position } = await at(wanted);
          expect(sizeBytes).toBeGreaterThanOrEqual(before);
          expect(sizeAt(position)).toBe(sizeBytes);
          before = sizeBytes;
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a target is kept however the raw sizes jitter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 250, max: 3000 }),
        fc.integer({ min: 1, max: 60 }),
        async (target, swing) => {
          const sizeAt = (position: number) => 200 + position + ((position * 7919) % swing);
          expect((await coder(sizeAt).within(target)).sizeBytes).toBeLessThanOrEqual(target);
        },
      ),
    );
  });
});

describe('shortestQuality', () => {
  test('every position comes back, and whole qualities stay whole', () => {
    for (let position = 0; position <= LAST; position++) {
      const quality = shortestQuality(position);
      expect(qualityToPosition(quality)).toBe(position);
      expect(Math.abs(quality - positionToQuality(position))).toBeLessThan(0.03);
    }
    for (let quality = 1; quality <= 100; quality++) {
      expect(shortestQuality(qualityToPosition(quality))).toBe(quality);
    }
  });
});

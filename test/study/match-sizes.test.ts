import { describe, expect, test } from 'vitest';
import type { PictureCodec, Pixels, SettingRange } from '../../src/bench/codecs/picture-codec.js';
import { matchSizes } from '../../src/study/match-sizes.js';
import { SizeLadder } from '../../src/study/size-ladder.js';

const PICTURE: Pixels = { width: 1, height: 1, data: new Uint8Array(3) };

/** A codec whose files are as large as `sizeOf` says; `tried` are the settings it was asked for. */
function pretend(
  id: string,
  sizeOf: (setting: number) => number,
  range: SettingRange = { smallest: 1, largest: 100 },
) {
  const tried: number[] = [];
  const codec: PictureCodec = {
    ...{ id, name: id, version: '1', settingName: 'quality', settings: [], range },
    encode: async (_, setting) => {
      tried.push(setting);
      return { bytes: new Uint8Array(Math.round(sizeOf(setting))) };
    },
    decode: async () => PICTURE,
  };
  return { ladder: new SizeLadder(codec, PICTURE, {}), tried };
}

/** Rises by 4 % a step. */
const coarse = () => pretend('jpeg', (quality) => 1000 * 1.04 ** quality);
/** Falls by 12 % a step. */
const coarser = () => pretend('hevc', (qp) => 60_000 * 0.88 ** qp, { smallest: 51, largest: 0 });
const fine = () =>
  pretend('jpeg2000', (ratio) => 3_000_000 / ratio, { smallest: 2400, largest: 2, isContinuous: true });

describe('a ladder of sizes', () => {
  test('finds the nearest file without trying all, and each setting once', async () => {
    const { ladder, tried } = coarse();
    const sizes = Array.from({ length: 100 }, (_, i) => Math.round(1000 * 1.04 ** (i + 1)));
    for (const target of [1, 1040, 5000, 5100, 20_000, 1e9]) {
      const nearest = sizes.reduce((a, b) => (Math.abs(b - target) < Math.abs(a - target) ? b : a));
      expect((await ladder.nearest(target)).sizeBytes).toBe(nearest);
    }
    expect(tried.length).toBeLessThan(50);
    expect(new Set(tried).size).toBe(tried.length);
  });

  test('has the neighbours within reach, from the nearest outwards, each size once', async () => {
    const { ladder, tried } = pretend('webp', (quality) => 100 * Math.floor(quality / 2));
    const sizes: number[] = [];
    for await (const { sizeBytes } of ladder.around(2000, 0.1)) {
      sizes.push(sizeBytes);
      if (sizes.length === 1) tried.length = 0;
    }
    expect(sizes[0]).toBe(2000);
    expect(sizes.toSorted()).toEqual([1800, 1900, 2000, 2100, 2200]);
    // What is not asked for is not made.
    const lazy = pretend('webp', (quality) => 1000 + quality);
    for await (const _ of lazy.ladder.around(1050, 0.1)) break;
    expect(lazy.tried.length).toBeLessThan(9);
  });

  test('runs the other way for codecs whose large settings give small files', async () => {
    const { ladder } = coarser();
    const { setting, sizeBytes } = await ladder.nearest(1000);
    expect(setting).toBe(32);
    expect(sizeBytes).toBe(Math.round(60_000 * 0.88 ** 32));
  });
});

describe('sizes of two codecs', () => {
  test('are within 1 %, and near the target, where one of them meets every size', async () => {
    for (const [first, second] of [
      [fine(), coarse()],
      [coarser(), fine()],
    ] as const) {
      for (const target of [2000, 7000, 30_000]) {
        const match = await matchSizes([first.ladder, second.ladder], target);
        if (match.kind !== 'matched') throw new Error(match.reason);
        const [a, b] = match.rungs.map(({ sizeBytes }) => sizeBytes) as [number, number];
        expect(Math.abs(a - b) / Math.min(a, b)).toBeLessThanOrEqual(0.01);
        expect(match.mismatch).toBeCloseTo(Math.abs(a - b) / Math.min(a, b), 12);
        for (const size of [a, b]) expect(Math.abs(size / target - 1)).toBeLessThan(0.08);
      }
    }
  });

  test('are met by a codec that searches by itself, which need not try its settings', async () => {
    const asked: number[] = [];
    const codec: PictureCodec = {
      ...{ id: 'dicm-view', name: 'dicm', version: '1', settingName: 'quality', settings: [] },
      range: { smallest: 1, largest: 100 },
      encode: async () => {
        throw new Error('there is no need to');
      },
      encodeTo: async (_, targetBytes) => {
        asked.push(targetBytes);
        // The largest below: at most 20 bytes less.
        return { bytes: new Uint8Array(20 * Math.floor(targetBytes / 20)), setting: targetBytes / 100 };
      },
      decode: async (bytes) => ({ ...PICTURE, data: bytes }),
    };
    const view = new SizeLadder(codec, PICTURE, {});
    const match = await matchSizes([view, coarse().ladder], 5000);
    if (match.kind !== 'matched') throw new Error(match.reason);
    const [own, other] = match.rungs;
    expect(other.sizeBytes).toBe(Math.round(1000 * 1.04 ** 41));
    expect(own.sizeBytes).toBe(20 * Math.floor(other.sizeBytes / 20));
    expect(asked).toEqual([5000, other.sizeBytes]);
    // What was made is what is decoded.
    expect((await view.decode(own.setting)).data.length).toBe(own.sizeBytes);
  });

  test('meet each other beside the target where both have few', async () => {
    // 1160 and 1166: neither is the nearest to 1100 of its codec.
    const first = pretend('jpeg', (quality) => [1000, 1080, 1160, 1300][quality - 1] ?? 5000 + quality);
    const second = pretend('webp', (quality) => [1030, 1105, 1166, 1400][quality - 1] ?? 5000 + quality);
    const match = await matchSizes([first.ladder, second.ladder], 1100);
    expect(match).toMatchObject({
      kind: 'matched',
      rungs: [
        { setting: 3, sizeBytes: 1160 },
        { setting: 3, sizeBytes: 1166 },
      ],
    });
  });

  test('are not matched by force, and the reason is said', async () => {
    const first = pretend('jpeg', (quality) => (quality < 50 ? 1000 : 1500 + quality));
    const second = pretend('webp', (quality) => (quality < 50 ? 1034 : 1900 + quality));
    expect(await matchSizes([first.ladder, second.ladder], 1010)).toEqual({
      kind: 'unmatched',
      reason: 'the nearest sizes are 3.4 % apart, more than 1 %',
    });
    const large = pretend('avif', (quality) => 9000 + quality);
    expect(await matchSizes([first.ladder, large.ladder], 1010)).toEqual({
      kind: 'unmatched',
      reason: 'avif has no file within 10 % of 1010 bytes; the nearest has 9001',
    });
  });
});

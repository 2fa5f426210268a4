import { describe, expect, test } from 'vitest';
import type { Contender } from '../../src/bench/contenders/contender.js';
import { type MeasuredImage, type Sample, sampleKey } from '../../src/bench/measure/measure-answers.js';
import { keptBytes, percentile } from '../../src/bench/scores/kept-bytes.js';
import { type BenchOptions, benchmark, openCodec } from '../../src/index.js';
import { TINY_MODEL } from '../session/helpers.js';
import { fakePrograms } from './fake-programs.js';
import { labelledFolder, scratchFolder } from './labelled-folder.js';

const dataset = await labelledFolder(['c00000001'], 3);

function options(extra: Partial<BenchOptions> = {}): BenchOptions {
  return {
    ...{ task: 'classify', dataset, cache: scratchFolder(), model: TINY_MODEL, backend: 'wasm' },
    ...{ maxSide: 48, timedImages: 0, jobs: 1, searchPath: fakePrograms({}) },
    ...extra,
  };
}

describe('codecs that look for the smallest file', () => {
  test('are a table of their own, and no curves', { timeout: 60_000 }, async () => {
    const { report, markdown } = await benchmark(
      options({ codecs: ['dicm', 'dicm-keep', 'webp-keep'], settings: { dicm: [50] } }),
    );
    expect(report.series.map(({ id }) => id)).toEqual(['dicm']);
    const [dicm, webp] = report.kept!;
    expect(dicm).toMatchObject({ series: 'dicm-keep', keep: 'top1', images: 3 });
    expect(webp).toMatchObject({ series: 'webp-keep', keep: 'top1', images: 3 });
    expect(report.failures).toEqual([]);
    expect(markdown).toContain('| bytes until the answer changes |');

    // What the library finds for each picture is what the table counts.
    const codec = await openCodec({ model: TINY_MODEL, backend: 'wasm' });
    let kept = 0;
    for (const i of [0, 1, 2]) {
      const image = `${dataset}/c00000001/${i}.png`;
      if ((await codec.encode(image, { keep: ['top1'], maxSide: 48 })).kept) kept++;
    }
    await codec.dispose();
    expect(dicm!.kept).toBe(kept);
  });

  test('take no part unless they are named, and refuse settings that mean nothing', async () => {
    await expect(
      benchmark(options({ codecs: ['dicm-keep'], settings: { 'dicm-keep': [3] } })),
    ).rejects.toMatchObject({ code: 'bad-keep' });
    await expect(benchmark(options({ codecs: ['hevc-keep'] }))).rejects.toMatchObject({
      code: 'unknown-codec',
    });
  });
});

test('an image of which no file keeps the answer counts as larger than any', () => {
  const sizes: readonly (number | undefined)[] = [300, undefined, 100, 500, 200];
  const contender = {
    ...{ id: 'avif-keep', name: 'AVIF', version: '1', settings: [1, 5] },
    keeps: (setting: number) => `top${setting}`,
  } as unknown as Contender;
  const images = sizes.map((size) => {
    const sample: Sample = { bytes: size ?? 9000, kept: size !== undefined, answer: {} };
    return { samples: new Map([[sampleKey('avif-keep', 1), sample]]) } as unknown as MeasuredImage;
  });
  const dropped = new Set([sampleKey('avif-keep', 5)]);
  expect(keptBytes([contender], images, dropped, new Map())).toEqual([
    {
      ...{ series: 'avif-keep', name: 'AVIF', version: '1', keep: 'top1' },
      ...{ images: 5, kept: 4, medianBytes: 300, p90Bytes: null },
    },
  ]);
});

test('a percentile is the smallest value that so many do not exceed', () => {
  expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(percentile([4, 3, 2, 1], 0.5)).toBe(2);
  expect(percentile([...Array(10).keys()], 0.9)).toBe(8);
  expect(percentile([7], 0.9)).toBe(7);
});

import { describe, expect, test } from 'vitest';
import type { Contender } from '../../src/bench/contenders/contender.js';
import { type MeasuredImage, type Sample, sampleKey } from '../../src/bench/measure/measure-answers.js';
import { compareSeries } from '../../src/bench/scores/compare-series.js';
import { scoreAnswers } from '../../src/bench/scores/score-answers.js';
import { commonImages, scoreSeries } from '../../src/bench/scores/score-series.js';
import { encodeMask } from '../../src/tasks/objects/run-length-mask.js';

describe('classification', () => {
  // Truth 3, 5, 8; the uncompressed network says 3, 1, 8.
  const truths = [3, 5, 8].map((label, i) => ({ label, reference: { ranking: [[3], [1], [8]][i]! } }));
  const answers = [{ ranking: [3, 4] }, { ranking: [1, 2, 3, 4, 5] }, { ranking: [9, 0, 1, 2, 3] }];
  const scores = scoreAnswers('classify', truths, answers, []);

  test('top-1, top-5 and agreement are shares of the images', () => {
    expect(scores.score('top1')).toBeCloseTo(1 / 3);
    expect(scores.score('top5')).toBeCloseTo(2 / 3);
    expect(scores.score('agreement')).toBeCloseTo(2 / 3);
  });

  test('count images as often as they are drawn', () => {
    expect(scores.score('top1', [2, 0, 1])).toBeCloseTo(2 / 3);
    expect(scores.score('top5', [0, 0, 3])).toBe(0);
  });
});

describe('objects', () => {
  const box = { x: 0, y: 0, width: 4, height: 4 };
  const mask = encodeMask({ width: 8, height: 8, data: new Uint8Array(64).fill(1, 0, 32) });
  const truth = [{ categoryId: 2, box, isCrowd: false }];
  const truths = [0, 1].map(() => ({
    objects: { boxes: truth, masks: { truth: [{ ...truth[0]!, mask }] } },
    reference: {},
  }));
  const hit = { detections: [{ categoryId: 2, score: 0.9, box, mask }] };
  const miss = { detections: [] };

  test('found in one of two images: half of the recalls have precision 1', () => {
    const scores = scoreAnswers('segment', truths, [hit, miss], [1, 2]);
    // Recall reaches 0.5: 51 of the 101 recalls 0, 0.01 ... 1.
    for (const metric of ['maskAp', 'maskAp50', 'maskAp75', 'boxAp', 'boxAp50', 'boxAp75']) {
      expect(scores.score(metric)).toBeCloseTo(51 / 101);
    }
    expect(scores.score('boxAp', [2, 0])).toBe(1);
    expect(scores.category(2)).toMatchObject({ truthCount: 2 });
    expect(scores.category(1)).toMatchObject({ truthCount: 0, ap: undefined });
  });

  test('detection looks at boxes only', () => {
    const scores = scoreAnswers('detect', truths, [hit, hit], [2]);
    expect(scores.score('ap')).toBe(1);
    expect(scores.score('ap75')).toBe(1);
  });
});

/** Images whose source has 100 pixels and 50 bytes, with the given samples at the settings 1, 2, ... */
function measured(samples: readonly (readonly (Sample | undefined)[])[]): MeasuredImage[] {
  return samples.map((settings, i) => ({
    image: { name: `image ${i}`, path: '' },
    sourceBytes: 50,
    sourcePixels: 100,
    reference: {},
    samples: new Map(
      settings.flatMap((sample, at) => (sample === undefined ? [] : [[sampleKey('x', at + 1), sample]])),
    ),
  }));
}

const contender = (settings: number[], payloadName?: string): Contender => ({
  ...{ id: 'x', name: 'X', version: '1', networkId: 'n', settingName: 'q', settings, payloadName },
  encode: () => Promise.reject(new Error('not in this test')),
  analyze: () => Promise.reject(new Error('not in this test')),
});

describe('curves', () => {
  const right = { ranking: [1] };
  const images = measured([
    [{ bytes: 10, payloadBytes: 4, answer: right }],
    [{ bytes: 20, payloadBytes: 14, answer: { ranking: [2] } }],
  ]);
  const score = (samples: readonly Sample[]) =>
    scoreAnswers(
      'classify',
      images.map(() => ({ label: 1, reference: right })),
      samples.map(({ answer }) => answer),
      [],
    );

  test('have real sizes, bits per pixel of the source, and a second one for payloads', () => {
    const [whole, payload, ...others] = scoreSeries(
      contender([1], 'X alone'),
      images,
      'top1',
      score,
      new Set(),
    );
    expect(others).toEqual([]);
    expect(whole!.points[0]).toMatchObject({ setting: 1, bytes: [10, 20], bpp: [0.8, 1.6] });
    expect(payload).toMatchObject({ id: 'x-payload', name: 'X alone' });
    expect(payload!.points[0]).toMatchObject({ bytes: [4, 14], bpp: [0.32, 1.12] });
    expect(whole!.points[0]!.accuracy()).toBe(0.5);
    expect(payload!.points[0]!.accuracy([2, 0])).toBe(1);
  });

  test('an image that a codec failed on counts for none; a setting that fails too often is dropped', () => {
    const answer = { ranking: [1] };
    const sample = { bytes: 1, answer };
    const many = measured(
      Array.from({ length: 40 }, (_, i) => [i === 7 ? undefined : sample, i < 30 ? undefined : sample]),
    );
    const failures = many.flatMap(({ image, samples }) =>
      [1, 2].flatMap((setting) =>
        samples.has(sampleKey('x', setting))
          ? []
          : [{ image: image.name, series: 'x', setting, code: 'program-failed' as const, message: '' }],
      ),
    );
    const { images: common, dropped } = commonImages(many, failures);
    expect([...dropped]).toEqual([sampleKey('x', 2)]);
    expect(common).toHaveLength(39);
    expect(common.map(({ image }) => image.name)).not.toContain('image 7');
  });
});

describe('comparison', () => {
  /** Curve on eight images; at each setting some of them are right. */
  const curve = (id: string, sizes: readonly number[], rightCounts: readonly number[]) => ({
    ...{ id, name: id, version: '', settingName: '', boxesOnly: false },
    points: sizes.map((size, at) => ({
      ...{ contender: id, setting: at, bytes: Array(8).fill(size), bpp: Array(8).fill(size) },
      scores: { score: () => 0, category: () => ({ truthCount: 0, ap: 0, ap50: 0, ap75: 0 }) },
      accuracy: (counts?: ArrayLike<number>) => {
        let [sum, all] = [0, 0];
        for (let i = 0; i < 8; i++) {
          all += counts?.[i] ?? 1;
          if (i < rightCounts[at]!) sum += counts?.[i] ?? 1;
        }
        return sum / all;
      },
    })),
  });
  const anchor = curve('anchor', [100, 200, 400, 800], [2, 4, 6, 7]);

  test('half the bytes everywhere is -50 %, for every draw of the images', () => {
    const half = curve('half', [50, 100, 200, 400], [2, 4, 6, 7]);
    const { bdRate, bdAccuracy } = compareSeries(half, anchor, 'top1', { seed: 1, resamples: 50 });
    expect(bdRate.value).toBeCloseTo(-50);
    expect([bdRate.low, bdRate.high]).toEqual([bdRate.value, bdRate.value]);
    expect(bdAccuracy.value).toBeGreaterThan(0.1);
    expect(bdAccuracy.low).toBeLessThanOrEqual(bdAccuracy.value!);
  });

  test('too little in common is said', () => {
    const apart = curve('apart', [3000, 6000, 12000, 24000], [2, 4, 6, 7]);
    const { bdAccuracy } = compareSeries(apart, anchor, 'top1', { seed: 1, resamples: 50 });
    expect(bdAccuracy.value).toBeUndefined();
    expect(bdAccuracy.note).toContain('share no rates');
  });

  test('a curve that falls is fitted, and that is said', () => {
    const falling = curve('falling', [100, 200, 400, 800], [2, 5, 4, 7]);
    const { bdRate } = compareSeries(falling, anchor, 'top1', { seed: 1, resamples: 50 });
    expect(bdRate.note).toContain('monotone fit of the curve');
  });
});

import { resolve } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type AnalysisResults,
  type Codec,
  type EncodeOptions,
  openCodec,
  UsageError,
} from '../../src/index.js';
import { CHELSEA, openTiny, photo } from './helpers.js';

const RELEASED_MODEL = resolve(import.meta.dirname, '../../packages/model-r50');

let codec: Codec;
beforeAll(async () => {
  codec = await openTiny();
});

describe('keep', () => {
  test('gives the smallest file found of which the network says the same', { timeout: 60_000 }, async () => {
    const released = await openCodec({ model: RELEASED_MODEL });
    onTestFinished(() => released.dispose());
    const tasks = ['classify', 'detect'] as const;
    const before = await released.analyzePixels(CHELSEA, { tasks });
    const encoded = await released.encode(CHELSEA, { keep: ['top1', 'top5', 'boxes=0.7'] });
    expect(encoded).toMatchObject({ keep: ['top1', 'top5', 'boxes=0.7'], kept: true });
    const after = await released.analyze(encoded.bytes, { tasks });
    expect(after.predictions![0]!.index).toBe(before.predictions![0]!.index);
    const top5 = ({ predictions }: AnalysisResults) =>
      new Set(predictions!.slice(0, 5).map(({ index }) => index));
    expect(top5(after)).toEqual(top5(before));
    const labels = ({ detections }: AnalysisResults) => detections!.map(({ label }) => label).sort();
    expect(labels(before)).toContain('cat');
    expect(labels(after)).toEqual(labels(before));
    // The picture itself, and more than one file: the smallest of all does not keep that much.
    expect(encoded.analyses).toBeGreaterThan(2);
    expect(encoded.analyses).toBeLessThanOrEqual(14);
    expect(encoded.quality).toBeLessThan(100);
    await released.verify(encoded.bytes);
  });

  test('what every file keeps gives the smallest there is', async () => {
    const image = await photo(96, 64);
    const encoded = await codec.encode(image, { keep: ['labels'] });
    expect(encoded).toMatchObject({ keep: ['labels'], kept: true, quality: 1, analyses: 2 });
    expect(encoded.bytes).toEqual((await codec.encode(image, { quality: 1 })).bytes);
  });

  test('what no file keeps gives the one of the best quality, and says so', async () => {
    const image = await photo(96, 64);
    // Boxes of decoded features never lie where they lay to the last bit.
    const keep = ['boxes=1'] as const;
    const { detections } = await codec.analyzePixels(image, {
      tasks: ['detect'],
      detect: { minScore: 0.01 },
    });
    expect(detections!.length).toBeGreaterThan(0);
    const encoded = await codec.encode(image, { keep, minScore: 0.01 });
    expect(encoded).toMatchObject({ kept: false, quality: 100, analyses: 10, keep });
  });

  test('is the same file each time, with a digest and metadata too', async () => {
    const image = await photo(64, 64);
    const options: EncodeOptions = { keep: ['labels'], digest: true, metadata: 'all' };
    const [first, second] = [await codec.encode(image, options), await codec.encode(image, options)];
    expect(first.bytes).toEqual(second.bytes);
    expect(first.digest).toHaveLength(64);
    await codec.verify(first.bytes);
  });

  test('with effort it is no larger', async () => {
    const image = await photo(96, 64);
    const plain = await codec.encode(image, { keep: ['labels'] });
    const refined = await codec.encode(image, { keep: ['labels'], effort: 4 });
    expect(refined.bytes.length).toBeLessThanOrEqual(plain.bytes.length);
    expect(refined).toMatchObject({ kept: true, effort: 4, analyses: plain.analyses! + 1 });
    await codec.verify(refined.bytes);
  });

  test('a picture of several tiles, with progress that never falls and ends', async () => {
    const image = await photo(560, 40);
    const steps: [number, number][] = [];
    const options = { keep: ['top1', 'masks'], minScore: 0.9, maxSide: 'none' } as const;
    const encoded = await codec.encode(image, {
      ...options,
      onProgress: (done, total) => steps.push([done, total]),
    });
    const done = steps.map(([at]) => at);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(new Set(steps.map(([, total]) => total)).size).toBe(1);
    expect(steps.at(-1)![0]).toBe(steps.at(-1)![1]);
    expect(encoded.analyses).toBeGreaterThanOrEqual(2);

    const controller = new AbortController();
    const running = codec.encode(image, {
      ...options,
      signal: controller.signal,
      onProgress: (at) => at > 2 && controller.abort(new Error('that is enough')),
    });
    await expect(running).rejects.toThrow('that is enough');
  });

  test.each([
    [{ keep: [] }, 'bad-keep'],
    [{ keep: ['top3'] }, 'bad-keep'],
    [{ keep: ['top1'], quality: 50 }, 'rate-conflict'],
    [{ keep: ['top1'], targetBytes: 500 }, 'rate-conflict'],
    [{ keep: ['top1'], targetBpp: 1 }, 'rate-conflict'],
    [{ keep: ['top1'], layers: ['machine', 'view'] }, 'rate-conflict'],
    [{ keep: ['top1'], minScore: 0.5 }, 'option-needs-other'],
    [{ minScore: 0.5 }, 'option-needs-other'],
    [{ keep: ['boxes'], minScore: 2 }, 'bad-min-score'],
  ])('%j is refused', async (options, code) => {
    const error = await codec
      .encode(new Uint8Array(), options as EncodeOptions)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).code).toBe(code);
  });
});

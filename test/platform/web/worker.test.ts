import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as web from '../../../src/web.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

/** What page.ts leaves for the functions that run in the page. */
declare const dicm: typeof web;
/** A codec in a worker, and a file; opened by {@link openTiny}. */
declare const codec: web.Codec;
declare const file: Uint8Array<ArrayBuffer>;

if (noBrowser !== undefined) console.warn(`skipped: the library in a worker: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('a codec in a worker', () => {
  let browser: LibraryBrowser;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
    page = await browser.open();
    await page.evaluate(async () => {
      const made = await dicm.openCodec({
        models: ['tiny/'],
        kernels: 'kernels/',
        worker: () => new Worker('worker.js', { type: 'module' }),
      });
      const encoded = await made.encode('fixtures/images/chelsea.png', { maxSide: 'none' });
      Object.assign(globalThis, { codec: made, file: encoded.bytes });
    });
  });

  afterAll(() => browser?.close());

  test('answers as one in the page', async () => {
    const [inWorker, inPage] = await page.evaluate(async () => {
      const here = await dicm.openCodec({ models: ['tiny/'], kernels: 'kernels/' });
      const answers = async (of: web.Codec) => {
        const { predictions } = await of.classify(file);
        const features = await of.decodeFeatures(file);
        const rows: number[] = [];
        const stream = await of.streamFeatures(file);
        for await (const piece of stream.rows) rows.push(piece.length, piece[0]!, piece.at(-1)!);
        const { header } = await of.decodeLatents(file);
        const backend = await of.openBackend();
        return {
          predictions,
          features: [features.height, features.width, ...features.data.slice(0, 50)],
          rows,
          header,
          backend,
          model: await of.openModel(),
          verified: await of.verify(file),
        };
      };
      const both = [await answers(codec), await answers(here)];
      await here.dispose();
      return both;
    });
    expect(inWorker).toEqual(inPage);
    expect(page.workers()).toHaveLength(1);
  });

  test('keeps the bytes that it was given, and reports progress', async () => {
    const { before, after, steps } = await page.evaluate(async () => {
      const steps: number[][] = [];
      const before = file.length;
      await codec.verify(file, { onProgress: (done, total) => steps.push([done, total]) });
      return { before, after: file.length, steps };
    });
    expect(after).toBe(before);
    expect(steps).toEqual([[1, 1]]);
  });

  test('errors are those of the library', async () => {
    const errors = await page.evaluate(async () => {
      const reasonOf = (call: Promise<unknown>) =>
        call.then(
          () => undefined,
          (error) => ({
            isKnown: error instanceof dicm.DicmError,
            isFormat: error instanceof dicm.FormatError,
            name: error.name,
            code: error.code,
            section: error.section,
          }),
        );
      const damaged = file.slice();
      damaged[damaged.length - 9]! ^= 1;
      return [
        await reasonOf(codec.classify(damaged)),
        await reasonOf(codec.encode(new Uint8Array(0))),
        await reasonOf(codec.classify(file, { tpo: 3 } as object)),
        await reasonOf(dicm.openCodec({ limits: { maxPixel: 3 } as object, worker: true })),
      ];
    });
    const known = { isKnown: true, isFormat: false };
    expect(errors).toEqual([
      { isKnown: true, isFormat: true, name: 'FormatError', code: 'crc-mismatch', section: 'checksum' },
      { ...known, name: 'ImageError', code: 'empty-image' },
      { ...known, name: 'UsageError', code: 'unknown-option' },
      { ...known, name: 'UsageError', code: 'bad-limit' },
    ]);
  });

  test('a call that is aborted rejects with the reason, and the codec goes on', async () => {
    const result = await page.evaluate(async () => {
      const aborting = new AbortController();
      const call = codec.encode('fixtures/images/chelsea.png', { effort: 9, signal: aborting.signal });
      setTimeout(() => aborting.abort(new Error('enough')), 50);
      const error = await call.catch((reason) => reason.message);
      const aborted = await codec
        .verify(file, { signal: AbortSignal.abort('before') })
        .catch((reason) => reason);
      return { error, aborted, layers: (await codec.verify(file)).layers.length };
    });
    expect(result).toEqual({ error: 'enough', aborted: 'before', layers: 1 });
  });

  test('a worker that ends is an error with a name, and the next call starts another', async () => {
    const waiting = page.evaluate(async () => {
      const call = codec.encode('fixtures/images/chelsea.png', { effort: 9 });
      return call.then(
        () => 'done',
        (error) => [error instanceof dicm.BackendError, error.code],
      );
    });
    const [worker] = page.workers();
    await worker!.evaluate(() => globalThis.close());
    expect(await waiting).toEqual([true, 'worker-lost']);
    const layers = await page.evaluate(async () => (await codec.verify(file)).layers.length);
    expect(layers).toBe(1);
  });

  test('a script that is not there is an error with a name', async () => {
    const error = await page.evaluate(async () => {
      const lost = await dicm.openCodec({ worker: () => new Worker('nowhere.js', { type: 'module' }) });
      return lost.openModel().catch(({ code, message }) => [code, message]);
    });
    expect(error).toEqual(['worker-lost', expect.stringMatching(/could not be started/)]);
  });

  test('disposing ends the worker and the calls that wait', async () => {
    const result = await page.evaluate(async () => {
      const call = codec.encode('fixtures/images/chelsea.png', { effort: 9 }).catch(({ code }) => code);
      await codec.dispose();
      await codec.dispose();
      return [await call, await codec.verify(file).catch(({ code }) => code)];
    });
    expect(result).toEqual(['disposed', 'disposed']);
    await expect.poll(() => page.workers().length).toBe(0);
  });
});

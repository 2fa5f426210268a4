import { afterEach, describe, expect, test } from 'vitest';
import type * as web from '../../../src/web.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

/** What page.ts leaves for the functions that run in the page. */
declare const dicm: typeof web;

if (noBrowser !== undefined) console.warn(`skipped: visits of a page: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('visits of a page', () => {
  let browser: LibraryBrowser;

  afterEach(() => browser?.close());

  test('no other origin is asked for anything, and progress says what arrives', async () => {
    browser = await openBrowser();
    const page = await browser.open();
    const origins = new Set<string>();
    page.on('request', (request) => origins.add(new URL(request.url()).origin));
    const { downloads, sizes } = await page.evaluate(async () => {
      const downloads: web.DownloadProgress[] = [];
      const codec = await dicm.openCodec({
        models: ['tiny/'],
        kernels: 'kernels/',
        worker: () => new Worker('worker.js', { type: 'module' }),
        onDownload: (progress) => downloads.push(progress),
      });
      const { bytes } = await codec.encode('fixtures/images/rocket.jpg');
      await codec.analyze(bytes, { tasks: ['classify', 'segment', 'embed'] });
      const sizes: [string, number][] = [];
      for (const url of new Set(downloads.map((progress) => progress.url))) {
        sizes.push([url, (await (await fetch(url)).arrayBuffer()).byteLength]);
      }
      await codec.dispose();
      return { downloads, sizes };
    });
    expect([...origins]).toEqual([new URL(browser.server.url).origin]);
    expect(sizes.length).toBeGreaterThan(2);
    for (const [url, sizeBytes] of sizes) {
      const steps = downloads.filter((progress) => progress.url === url);
      expect(steps.at(-1)).toMatchObject({ loadedBytes: sizeBytes, isCached: false });
      const loaded = steps.map(({ loadedBytes }) => loadedBytes);
      expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
      if (url.endsWith('.safetensors'))
        expect(steps.every((step) => step.totalBytes === sizeBytes)).toBe(true);
    }
  });

  test('a second visit needs no network for the model', async () => {
    browser = await openBrowser();
    const page = await browser.open();
    const answer = await page.evaluate(async () => {
      const codec = await dicm.openCodec({ models: ['tiny/'], kernels: 'kernels/' });
      const { bytes } = await codec.encode('fixtures/images/rocket.jpg');
      const { predictions } = await codec.classify(bytes);
      await codec.dispose();
      const scope = globalThis as { file?: Uint8Array };
      scope.file = bytes;
      return predictions;
    });
    const requests = browser.server.requests.length;
    await browser.server.stop();
    const again = await page.evaluate(async () => {
      const cached: boolean[] = [];
      const codec = await dicm.openCodec({
        models: ['tiny/'],
        kernels: 'kernels/',
        onDownload: ({ isCached }) => cached.push(isCached),
      });
      const { predictions } = await codec.classify((globalThis as { file?: Uint8Array }).file!);
      await codec.dispose();
      return { predictions, cached };
    });
    expect(again.predictions).toEqual(answer);
    expect(again.cached.length).toBeGreaterThan(0);
    expect(again.cached.every((isCached) => isCached)).toBe(true);
    expect(browser.server.requests).toHaveLength(requests);
  });
});

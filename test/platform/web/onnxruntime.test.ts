import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Codec, openCodec } from '../../../src/index.js';
import type * as web from '../../../src/web.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

declare const dicm: typeof web;

const PATIENCE_MS = 240_000;
const PHOTOGRAPH = fileURLToPath(new URL('../../../fixtures/images/chelsea.png', import.meta.url));

if (noBrowser !== undefined) console.warn(`skipped: onnxruntime-web in a browser: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('onnxruntime-web in a browser', () => {
  let browser: LibraryBrowser;
  let node: Codec;
  let file: Uint8Array;

  beforeAll(async () => {
    browser = await openBrowser();
    node = await openCodec({ backend: 'onnx' });
    file = (await node.encode(await readFile(PHOTOGRAPH))).bytes;
  }, PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    await node?.dispose();
  });

  /** Executor, labels and boxes that a page gives for the file, in a worker. */
  const answersIn = (page: Page) =>
    page.evaluate(
      async (bytes) => {
        const codec = await dicm.openCodec({
          ...{ models: ['model/'], kernels: 'kernels/', onnxruntime: 'onnxruntime/' },
          worker: () => new Worker('worker.js', { type: 'module' }),
        });
        const { name, device } = await codec.openBackend();
        const file = Uint8Array.from(bytes);
        const { predictions } = await codec.classify(file);
        const { detections } = await codec.detect(file);
        await codec.dispose();
        return { isolated: globalThis.crossOriginIsolated, name, device, predictions, detections };
      },
      [...file],
    );

  test.each([true, false])(
    'it answers as on Node: isolated %s',
    async (isolated) => {
      const page = await browser.open({ isolated });
      const there = await answersIn(page);
      const cores = await page.evaluate(() => navigator.hardwareConcurrency);
      await page.close();
      expect(there.isolated).toBe(isolated);
      expect(there.name).toBe('onnx');
      const threads = isolated ? cores : 1;
      expect(there.device).toBe(`CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`);
      const { predictions } = await node.classify(file);
      expect(there.predictions.map(({ label }) => label)).toEqual(predictions.map(({ label }) => label));
      const { detections } = await node.detect(file);
      expect(detections.length).toBeGreaterThan(0);
      const edges = (found: typeof detections) =>
        found.flatMap(({ box: { x, y, width, height } }) => [x, y, width, height]);
      const differences = edges(detections).map((edge, i) => Math.abs(edge - edges(there.detections)[i]!));
      expect(there.detections).toHaveLength(detections.length);
      expect(Math.max(...differences)).toBeLessThan(1e-3);
    },
    PATIENCE_MS,
  );

  test('where it is not, auto goes on to wasm and onnx says what is missing', async () => {
    const page = await browser.open();
    const outcome = await page.evaluate(async () => {
      const places = { models: ['tiny/'], kernels: 'kernels/' };
      const other = await dicm.openCodec({ ...places, onnxruntime: 'nowhere/' });
      const { name, passedOver } = await other.openBackend();
      const wanted = await dicm.openCodec({ ...places, onnxruntime: 'nowhere/', backend: 'onnx' });
      const unnamed = await dicm.openCodec({ ...places, backend: 'onnx' });
      const codeOf = ({ code }: { code: string }) => code;
      return [
        ...[name, passedOver[0]?.reason],
        await wanted.openBackend().catch(codeOf),
        await unnamed.openBackend().catch(codeOf),
      ];
    });
    await page.close();
    expect(outcome).toEqual([
      'wasm',
      expect.stringMatching(/^onnxruntime-web is not at .*nowhere\/: .*ort\.wasm\.min\.mjs/),
      'no-backend',
      'option-needs-other',
    ]);
  });
});

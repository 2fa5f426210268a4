import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCodec } from '../../../src/platform/node/library.js';
import type { Codec } from '../../../src/session/codec.js';
import type * as web from '../../../src/web.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

/** What page.ts leaves for the functions that run in the page. */
declare const dicm: typeof web;
/** A codec with the released model, opened once for all tests that do not open their own. */
declare const codec: web.Codec;

const RELEASED = [
  'astronaut-q25-1c1e0cca.dicm',
  'chelsea-q40-1c1e0cca.dicm',
  'coffee-q70-224-1c1e0cca.dicm',
  'rocket-q5-65-1c1e0cca.dicm',
];

/** A page that downloads and compiles a whole model beside other work takes its time. */
const PATIENCE_MS = 300_000;

const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url)));

if (noBrowser !== undefined) console.warn(`skipped: the library in a browser: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('the library in a browser', () => {
  let browser: LibraryBrowser;
  let node: Codec;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
    node = await openCodec({ backend: 'wasm' });
    page = await browser.open();
    await page.evaluate(async () => {
      const opened = await dicm.openCodec({ models: ['model/'], kernels: 'kernels/' });
      Object.assign(globalThis, { codec: opened });
    });
  }, PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    await node?.dispose();
  });

  test('nothing of Node is in the bundle', () => {
    const { modules } = browser.server;
    expect(modules.some((id) => id.endsWith('src/web.ts'))).toBe(true);
    expect(modules.some((id) => id.includes('node_modules/@tensorflow/tfjs-backend-wasm/'))).toBe(true);
    const packages = modules.filter(
      (id) => /node_modules/.test(id) && !/@tensorflow|long|seedrandom/.test(id),
    );
    expect(packages).toEqual([]);
    expect(
      modules.filter((id) => /src.platform.node|src.(cli|bench).|^node:|sharp|onnxruntime/.test(id)),
    ).toEqual([]);
  });

  test(
    'only what a call needs of a model is fetched, and once',
    async () => {
      const { requests } = browser.server;
      const fresh = await browser.open({ fresh: true });
      const asked = async (question: 'decodeLatents' | 'decodeFeatures' | 'classify' | 'detect') => {
        const from = requests.length;
        await fresh.evaluate(async (question) => {
          const bytes = new Uint8Array(
            await (await fetch('fixtures/released/rocket-q5-65-1c1e0cca.dicm')).arrayBuffer(),
          );
          const scope = globalThis as { opened?: web.Codec };
          scope.opened ??= await dicm.openCodec({ models: ['model/'], kernels: 'kernels/' });
          await scope.opened[question](bytes);
        }, question);
        const files = requests.slice(from).filter((path) => path.startsWith('/model/'));
        return files.map((path) => path.slice('/model/'.length)).sort();
      };
      expect(await asked('decodeLatents')).toEqual([
        '0-gains.safetensors',
        '1-entropy-1c1e0cca.safetensors', // of its decode path, and of no other
        '1-entropy.safetensors',
        'classes.json',
        'manifest.json',
      ]);
      expect(await asked('decodeFeatures')).toEqual(['3-synthesis.safetensors']);
      expect(await asked('classify')).toEqual([
        '4-tail-fc.safetensors',
        '4-tail-layer2.safetensors',
        '4-tail-layer3.safetensors',
        '4-tail-layer4.safetensors',
      ]);
      expect(await asked('classify')).toEqual([]);
      expect(await asked('detect')).toEqual(['5-heads.safetensors']);
      await fresh.close();
    },
    PATIENCE_MS,
  );

  test.each(RELEASED)(
    '%s has the answers of Node',
    async (name) => {
      const found = await page.evaluate(async (file) => {
        const bytes = new Uint8Array(await (await fetch(`fixtures/released/${file}`)).arrayBuffer());
        const answers = await codec.analyze(bytes, { tasks: ['classify', 'segment'] });
        const { y, z } = await codec.decodeLatents(bytes);
        const hash = async ({ data }: { data: Float32Array | Int32Array }) =>
          Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', data as BufferSource)));
        return { answers, y: await hash(y), z: await hash(z) };
      }, name);
      const bytes = await fixture(`released/${name}`);
      const wanted = await node.analyze(bytes, { tasks: ['classify', 'segment'] });
      expect(found.answers.backend).toBe('wasm');
      const labels = ({ predictions = [] }: web.Analysis) => predictions.map(({ label }) => label);
      expect(labels(found.answers)).toEqual(labels(wanted));
      const { detections = [] } = found.answers;
      expect(detections.length).toBe(wanted.detections!.length);
      for (const [index, { label, box, score, ...rest }] of wanted.detections!.entries()) {
        const there = detections[index]!;
        expect(there.label).toBe(label);
        expect(there.score).toBeCloseTo(score, 4);
        for (const edge of ['x', 'y', 'width', 'height'] as const) {
          expect(Math.abs(there.box[edge] - box[edge])).toBeLessThan(1e-3);
        }
        expect(there).toMatchObject(rest);
      }
      const { y, z } = await node.decodeLatents(bytes);
      const hash = ({ data }: { data: Float32Array | Int32Array }) => [
        ...createHash('sha256').update(data).digest(),
      ];
      expect(found.y).toEqual(hash(y));
      expect(found.z).toEqual(hash(z));
    },
    PATIENCE_MS,
  );

  test(
    'a file that was encoded in the page is one that Node reads, with the same answer',
    async () => {
      const { bytes, notes } = await page.evaluate(async () => {
        const encoded = await codec.encode('fixtures/images/chelsea.png', { digest: true, quality: 60 });
        return { ...encoded, bytes: [...encoded.bytes] };
      });
      const here = await node.encode(await fixture('images/chelsea.png'), { digest: true, quality: 60 });
      expect(notes).toEqual(here.notes);
      const file = Uint8Array.from(bytes);
      expect((await node.verify(file)).layers).toEqual([{ profile: 'semantic', proved: true }]);
      expect(Math.abs(file.length / here.bytes.length - 1)).toBeLessThan(0.02);
      const [there, label] = await Promise.all(
        [file, here.bytes].map((one) => node.classify(one, { top: 1 })),
      );
      expect(there!.predictions[0]!.label).toBe(label!.predictions[0]!.label);
    },
    PATIENCE_MS,
  );

  test('damaged files have the errors of Node', async () => {
    const whole = await fixture('released/chelsea-q40-1c1e0cca.dicm');
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 4;
    const files = [flipped, whole.subarray(0, 100), whole.subarray(0, 3), Buffer.from('GIF89a, or so')];
    const codeOf = ({ name, code, message }: { name: string; code: string; message: string }) => [
      name,
      code,
      message,
    ];
    for (const file of files) {
      const there = await page.evaluate(
        (bytes) =>
          codec.classify(Uint8Array.from(bytes)).catch(({ name, code, message }) => [name, code, message]),
        [...file],
      );
      expect(there).toEqual(await node.classify(file).catch(codeOf));
      expect(there).toHaveLength(3);
    }
  });

  test('a copy of weights that was damaged in the cache is fetched again, a damaged model refused', async () => {
    const fresh = await browser.open({ fresh: true });
    const [renewed, refusal] = await fresh.evaluate(async () => {
      const first = await dicm.openCodec({ models: ['tiny/'], kernels: 'kernels/' });
      await first.openModel();
      const cache = await caches.open('dicm-models');
      const spoil = async () => {
        const keys = (await cache.keys()).filter(({ url }) => url.includes('sha256='));
        for (const key of keys) await cache.put(key, new Response(new Uint8Array(10)));
        return keys.length;
      };
      const spoilt = await spoil();
      const second = await dicm.openCodec({ models: ['tiny/'], kernels: 'kernels/' });
      const { name } = await second.openModel();
      await spoil();
      const { fetch } = globalThis;
      globalThis.fetch = async (...args) => {
        const response = await fetch(...args);
        return String(args[0]).endsWith('.safetensors') ? new Response(new Uint8Array(10)) : response;
      };
      const third = await dicm.openCodec({ models: ['tiny/'], kernels: 'kernels/' });
      return [[spoilt > 0, name], await third.openModel().catch(({ code }) => code)];
    });
    expect(renewed).toEqual([true, 'tiny']);
    expect(refusal).toBe('model-damaged');
    await fresh.close();
  });

  test(
    'a search for symbols gives the file that it gives on Node',
    async () => {
      // Small enough to be coded as it is: no filter of ours or of Node's image library is in between.
      const photograph = await sharp(
        fileURLToPath(new URL('../../../fixtures/images/chelsea.png', import.meta.url)),
      )
        .resize(96)
        .png()
        .toBuffer();
      const there = await page.evaluate(
        async (bytes) => {
          const { bytes: file, effort } = await codec.encode(Uint8Array.from(bytes), {
            effort: 3,
            quality: 20,
          });
          return { file: [...file], effort };
        },
        [...photograph],
      );
      const plain = await node.encode(photograph, { quality: 20 });
      const here = await node.encode(photograph, { effort: 3, quality: 20 });
      expect(there.effort).toBe(3);
      expect(there.file).toEqual([...here.bytes]);
      expect(there.file).not.toEqual([...plain.bytes]);
    },
    PATIENCE_MS,
  );

  test('a model that is not there is an error with a name and its address', async () => {
    const error = await page.evaluate(async () => {
      const none = await dicm.openCodec({ models: ['nowhere/'] });
      return none.openModel().catch(({ name, code, message }) => [name, code, message]);
    });
    expect(error).toEqual([
      'ModelError',
      'model-missing',
      expect.stringMatching(/localhost:\d+\/nowhere\/manifest.json cannot be fetched: .* status 404/),
    ]);
  });

  test(
    'memory does not grow over fifty files',
    async () => {
      const analyse = (files: number) =>
        page.evaluate(async (files) => {
          const bytes = new Uint8Array(
            await (await fetch('fixtures/released/rocket-q5-65-1c1e0cca.dicm')).arrayBuffer(),
          );
          for (let i = 0; i < files; i++) {
            await codec.analyze(bytes, { tasks: ['classify', 'segment'] });
            await codec.verify(bytes);
          }
        }, files);
      await analyse(10);
      const before = await browser.memoryBytes(page);
      await analyse(50);
      const growth = (await browser.memoryBytes(page)) - before;
      expect(growth).toBeLessThan(32 * 2 ** 20);
    },
    PATIENCE_MS,
  );
});

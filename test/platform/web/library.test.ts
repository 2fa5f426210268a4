import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCodec } from '../../../src/platform/node/library.js';
import type { Codec } from '../../../src/session/codec.js';
import type * as web from '../../../src/web.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

/** What page.ts leaves for the functions that run in the page. */
declare const dicm: typeof web;

const RELEASED = [
  'astronaut-q25-1c1e0cca.dicm',
  'chelsea-q40-1c1e0cca.dicm',
  'coffee-q70-224-1c1e0cca.dicm',
  'rocket-q5-65-1c1e0cca.dicm',
];

const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url)));

if (noBrowser !== undefined) console.warn(`skipped: the library in a browser: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('the library in a browser', () => {
  let browser: LibraryBrowser;
  let node: Codec;

  beforeAll(async () => {
    browser = await openBrowser();
    node = await openCodec({ backend: 'wasm' });
  });

  afterAll(async () => {
    await browser?.close();
    await node?.dispose();
  });

  test.each(RELEASED)('%s has the answers of Node', async (name) => {
    const page = await browser.open();
    const found = await page.evaluate(async (file) => {
      const bytes = new Uint8Array(await (await fetch(`fixtures/released/${file}`)).arrayBuffer());
      const codec = await dicm.openCodec({ models: ['model/'], kernels: 'kernels/' });
      const { predictions, detections, backend } = await codec.analyze(bytes, {
        tasks: ['classify', 'segment'],
      });
      const { y, z } = await codec.decodeLatents(bytes);
      const hash = async ({ data }: { data: Float32Array | Int32Array }) =>
        Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', data as BufferSource)));
      await codec.dispose();
      return { predictions, detections, backend, y: await hash(y), z: await hash(z) };
    }, name);
    const bytes = await fixture(`released/${name}`);
    const wanted = await node.analyze(bytes, { tasks: ['classify', 'segment'] });
    expect(found.backend).toBe('wasm');
    expect(found.predictions!.map(({ label }) => label)).toEqual(
      wanted.predictions!.map(({ label }) => label),
    );
    expect(found.detections!.length).toBe(wanted.detections!.length);
    for (const [index, { label, box, score, ...rest }] of wanted.detections!.entries()) {
      const there = found.detections![index]!;
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
    await page.close();
  });
});

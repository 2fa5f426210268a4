import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MODEL_FOLDERS } from '../../src/cli/view/page-files.js';
import type { LayerName } from '../../src/container/profiles.js';
import { readInfo } from '../../src/container/read-info.js';
import { openCodec } from '../../src/platform/node/library.js';
import type { Codec, DecodedPicture } from '../../src/session/codec.js';
import { noBrowser } from '../platform/web/open-page.js';
import { openViewBrowser, repositoryFile, type ViewBrowser, type ViewPage } from './open-view.js';

if (noBrowser !== undefined) console.warn(`skipped: the page in a browser: ${noBrowser}`);

const RELEASED = resolve(import.meta.dirname, '../../fixtures/released');
const CHELSEA = repositoryFile('fixtures/released/chelsea-q40-1c1e0cca.dicm');
const ASTRONAUT = repositoryFile('fixtures/released/astronaut-q25-1c1e0cca.dicm');
const PHOTOGRAPH = repositoryFile('fixtures/images/rocket.jpg');
const COFFEE = resolve(import.meta.dirname, '../../fixtures/images/coffee.png');

/** Networks take seconds in a page, and much longer on a machine that has other work. */
const PATIENCE = { timeout: 170_000 };
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Waits until the page has said what a file of so many bytes shows. */
async function answersFor(page: Page, fileBytes: number): Promise<{ labels: string[]; scores: string[] }> {
  await page.getByText(fileBytes.toLocaleString('en-GB'), { exact: true }).first().waitFor(PATIENCE);
  await page.locator('.label-score', { hasText: '%' }).first().waitFor(PATIENCE);
  return {
    labels: await page.locator('.label-name').allTextContents(),
    scores: await page.locator('.label-score').allTextContents(),
  };
}

/** Faults of accessibility that keep someone from using the page. */
async function seriousFaults(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no script in.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return found.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html }) => html) }));
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.slice(0, 3).join(' ')}`);
}

describe.skipIf(noBrowser !== undefined)('the page', () => {
  let browser: ViewBrowser;
  let node: Codec;

  beforeAll(async () => {
    const list = [{ name: 'listed.dicm', href: 'one.dicm' }];
    browser = await openViewBrowser({
      'pictures/list.json': { content: JSON.stringify(list), type: 'application/json', cache: 'never' },
      'pictures/one.dicm': {
        path: join(RELEASED, ASTRONAUT.name),
        type: 'application/octet-stream',
        cache: 'never',
      },
    });
    node = await openCodec({ backend: 'wasm' });
  });
  afterAll(async () => {
    await browser?.close();
    await node?.dispose();
  });

  test('has the labels and objects of Node, and asks no other origin for anything', async () => {
    const { page, requests, complaints, drop } = await browser.open();
    for (const file of [CHELSEA, ASTRONAUT]) {
      await drop([file]);
      const { labels, scores } = await answersFor(page, file.bytes.length);
      const wanted = await node.analyze(file.bytes, { tasks: ['classify', 'segment'] });
      expect(labels).toEqual(wanted.predictions!.map(({ label }) => label));
      const percent = (score: number) => (score < 0.005 ? '< 1 %' : `${Math.round(100 * score)} %`);
      expect(scores).toEqual(wanted.predictions!.map(({ score }) => percent(score)));
      const objects = await page.locator('.box-label').allTextContents();
      const found = wanted.detections!.map(({ label, score }) => `${label} ${percent(score)}`);
      expect(objects.sort()).toEqual(found.sort());
    }
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter((url) => !url.startsWith(browser.url) && !url.startsWith('blob:'))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('lists every field and lights up its bytes, by mouse and by keyboard', async () => {
    const { page, drop } = await browser.open();
    await drop([CHELSEA]);
    await page.getByRole('button', { name: 'tile 0 payload' }).waitFor(PATIENCE);
    const { fields } = readInfo(CHELSEA.bytes);
    expect(await page.locator('.field-name').allTextContents()).toEqual(fields.map(({ name }) => name));
    await page.getByRole('button', { name: 'decode id' }).click();
    const lit = page.locator('.hex-bytes .run.lit');
    expect(await lit.allTextContents()).toEqual(['1c 1e 0c ca']);
    await page.getByRole('group', { name: /^Bytes of the file/ }).press('Home');
    expect(await lit.allTextContents()).toEqual(['8e 64 0d 0a 0a']);
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.lit-words').textContent()).toMatch(/^version: byte 5, 1 byte\. 1\./);
    await page.close();
  });

  test('says which tile of a damaged file is wrong, and where a cut one breaks', async () => {
    const { page, drop } = await browser.open();
    const damaged = Uint8Array.from(CHELSEA.bytes);
    damaged[200]! ^= 0x10;
    await drop([{ name: 'damaged.dicm', bytes: damaged }]);
    const problem = page.getByRole('alert');
    await problem.filter({ hasText: 'crc-mismatch' }).waitFor(PATIENCE);
    await page.locator('.damage', { hasText: /checksum put aside: .*tile 0/ }).waitFor(PATIENCE);
    expect(await seriousFaults(page)).toEqual([]);

    await drop([{ name: 'cut.dicm', bytes: CHELSEA.bytes.subarray(0, 300) }]);
    await problem.filter({ hasText: 'truncated' }).waitFor(PATIENCE);
    expect(await problem.textContent()).toContain('Get the rest of it.');
    const broken = page.locator('tr.broken');
    await broken.waitFor();
    const { offset } = readInfo(CHELSEA.bytes).fields.find(({ name }) => name === 'tile 0 tag')!;
    expect(await broken.locator('.number').textContent()).toBe(String(offset));
    await page.close();
  });

  test('passes over what is neither a picture nor a .dicm file, and says so', async () => {
    const { page, drop } = await browser.open();
    await drop([{ name: 'notes.txt', bytes: new Uint8Array(3) }, CHELSEA]);
    await page.getByText('Passed over: 1 .txt').waitFor(PATIENCE);
    await drop([{ name: 'no-picture.png', bytes: new Uint8Array(99) }]);
    await page.getByRole('alert').filter({ hasText: 'not-an-image' }).waitFor(PATIENCE);
    await page.close();
  });

  test('keeps what was dropped selected when the photographs that come with it arrive later', async () => {
    const { page, drop, release } = await browser.open({ held: '**/assets/*.webp' });
    await drop([CHELSEA]);
    release();
    await answersFor(page, CHELSEA.bytes.length);
    await page.locator('.entry-name').nth(4).waitFor(PATIENCE);
    expect(await page.locator('[aria-current] .entry-name').textContent()).toBe(CHELSEA.name);
    await page.close();
  });

  test('takes a folder, and the files of a list beside it', async () => {
    const { page, complaints } = await browser.open({ path: '?files=pictures/list.json' });
    const names = page.locator('.entry-name');
    await names.nth(4).waitFor(PATIENCE);
    const samples = ['chelsea.webp', 'coffee.webp', 'astronaut.webp', 'rocket.webp'];
    expect(await names.allTextContents()).toEqual(['listed.dicm', ...samples]);
    expect(await page.locator('[aria-current]').textContent()).toContain('listed.dicm');

    await page.locator('input[webkitdirectory]').setInputFiles(RELEASED);
    await page.getByText('Passed over: 3 .json, 1 .md').waitFor(PATIENCE);
    // In folders below it too.
    const below = readdirSync(RELEASED, { recursive: true }).map((path) => basename(String(path)));
    const files = below.filter((name) => name.endsWith('.dicm'));
    expect(files.length).toBeGreaterThanOrEqual(11);
    expect((await names.allTextContents()).slice(0, files.length).sort()).toEqual(files.sort());

    const all = files.length + samples.length + 1;
    await page.getByRole('button', { name: `Read all ${all}` }).click();
    await page.getByText(new RegExp(`^([2-9]|1\\d) of ${all} read: \\d`)).waitFor(PATIENCE);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: `Read all ${all}` }).waitFor(PATIENCE);
    expect(complaints).toEqual([]);
    await page.close();
  });

  describe('with a view layer', () => {
    const models = resolve(import.meta.dirname, '../../packages');
    const shape = /^The rebuilt picture: 320 x 213 from the [\d,]+ bytes of the view layer$/;
    let layered: Uint8Array;
    let alone: Uint8Array;
    let picture: DecodedPicture;

    beforeAll(async () => {
      const codec = await openCodec({ backend: 'wasm', model: models });
      const options = { quality: 30, maxSide: 320, viewSide: 320 };
      const encode = async (layers: readonly LayerName[]) =>
        (await codec.encode(COFFEE, { ...options, layers })).bytes;
      layered = await encode(['machine', 'view']);
      alone = await encode(['view']);
      picture = await codec.decodePicture(layered);
      await codec.dispose();
    });

    /** The samples that the page paints of what it rebuilt. */
    const paintedOn = (page: Page) =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas.rebuilt')!;
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d')!;
        copy.drawImage(canvas, 0, 0);
        return { isHidden: canvas.hidden, width, data: [...copy.getImageData(0, 0, width, height).data] };
      });

    test('shows the picture of Node without a photograph, and beside one when it is asked for', async () => {
      const { page, complaints, drop } = await browser.open();
      await drop([{ name: 'layered.dicm', bytes: layered }]);
      await page.getByText(shape).waitFor(PATIENCE);
      const { isHidden, width, data } = await paintedOn(page);
      expect([isHidden, width]).toEqual([false, picture.width]);
      const errors = Array.from(picture.data, (sample, i) =>
        Math.abs(sample - data[4 * Math.floor(i / 3) + (i % 3)]!),
      );
      // As the executors differ in the last bits, a sample may round to its neighbour.
      expect(errors.filter((error) => error > 1)).toEqual([]);
      expect(await page.getByLabel('Bit map').isChecked()).toBe(false);
      await answersFor(page, layered.length);

      await drop([
        { name: 'layered.dicm', bytes: layered },
        { ...PHOTOGRAPH, name: 'layered.jpg' },
      ]);
      await page.getByText(shape).waitFor(PATIENCE);
      expect(await paintedOn(page)).toMatchObject({ isHidden: true });
      await page.getByText('Rebuilt picture', { exact: true }).click();
      expect(await paintedOn(page)).toMatchObject({ isHidden: false });
      expect(complaints).toEqual([]);
      await page.close();
    });

    test('shows that of a file which has nothing for networks, and says so', async () => {
      const { page, complaints, drop } = await browser.open();
      await drop([{ name: 'alone.dicm', bytes: alone }]);
      await page.getByText(shape).waitFor(PATIENCE);
      await page.getByText('This file is for eyes alone').waitFor(PATIENCE);
      await page.getByText('Bit map', { exact: true }).click();
      await page.locator('canvas.bit-map:not([hidden])').waitFor(PATIENCE);
      expect(await seriousFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    });

    test('says why there is no picture where the model of pictures is not beside the page', async () => {
      const without = await openViewBrowser({}, [MODEL_FOLDERS.semantic]);
      try {
        const { page, drop } = await without.open();
        await drop([{ name: 'layered.dicm', bytes: layered }]);
        await page
          .getByText(/^The picture of the view layer \(.*\) is not shown: .*\[model-missing\]$/)
          .waitFor(PATIENCE);
        await answersFor(page, layered.length);
        expect(await page.getByLabel('Bit map').isChecked()).toBe(true);
      } finally {
        await without.close();
      }
    });
  });

  describe('with a photograph', () => {
    let view: ViewPage;

    beforeAll(async () => {
      view = await browser.open();
      await view.drop([PHOTOGRAPH]);
    });
    afterAll(() => view?.page.close());

    test('encodes it anew when the slider moves, and says whether the answer holds', async () => {
      const { page } = view;
      await page.getByText(/^(Same answer as the photograph|The answer broke)/).waitFor(PATIENCE);
      const size = page.locator('.size strong');
      const before = Number(await size.textContent());
      const quality = page.getByLabel('Quality');
      await quality.focus();
      await quality.press('Home');
      await expect.poll(async () => Number(await size.textContent()), PATIENCE).toBeLessThan(before / 2);
      expect(await quality.inputValue()).toBe('1');
      await page.locator('.chart circle').nth(2).waitFor(PATIENCE);
    });

    test.each(['light', 'dark'] as const)(
      'has no serious fault of accessibility in %s',
      async (colorScheme) => {
        const { page, complaints } = view;
        await page.emulateMedia({ colorScheme });
        for (const width of [1280, 360]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await seriousFaults(page), `${width} pixels wide`).toEqual([]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(overflow, `${width} pixels wide`).toBeLessThanOrEqual(0);
        }
        expect(complaints).toEqual([]);
      },
    );
  });
});

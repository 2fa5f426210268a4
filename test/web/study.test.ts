import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { analyseStudy } from '../../src/study/analyse-study.js';
import type { StudyResult } from '../../src/study/study-format.js';
import { noBrowser } from '../platform/web/open-page.js';
import { openStudyBrowser, type StudyBrowser } from './open-study.js';

if (noBrowser !== undefined) console.warn(`skipped: the page of studies in a browser: ${noBrowser}`);

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Side = 'left' | 'right';

async function consent(page: Page): Promise<void> {
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('.board').waitFor();
}

/** Names of the files that are shown: original, left, right. */
async function shownFiles(page: Page): Promise<[string, string, string]> {
  const sources = await page
    .locator('.window img')
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).src));
  return sources.map((src) => /([0-9a-f]{16})\.png$/.exec(src)![1]!) as [string, string, string];
}

/** How far the study is, as it says. */
const progress = (page: Page) => page.locator('.progress-words').textContent();

/** Where the pictures stand in their windows: equal for all that move together. */
function places(page: Page): Promise<string[]> {
  return page
    .locator('.window img')
    .evaluateAll((images) =>
      images.map((image) => `${(image as HTMLElement).style.transform} ${image.clientWidth}`),
    );
}

/** Faults of accessibility that keep someone from using the page. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return found.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html }) => html) }));
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.slice(0, 3).join(' ')}`);
}

describe.skipIf(noBrowser !== undefined)('the page of studies', () => {
  let browser: StudyBrowser;
  beforeAll(async () => {
    browser = await openStudyBrowser();
  });
  afterAll(() => browser?.close());

  /** Who sees which version is the original, and otherwise likes WebP better. */
  async function preferredSide(page: Page): Promise<Side> {
    const [original, left, right] = await shownFiles(page);
    if (left === original) return 'left';
    if (right === original) return 'right';
    return browser.study.files[left]!.codec === 'webp' ? 'left' : 'right';
  }

  /** Answers trials until the last one, or as many as are wanted, by a way to choose. */
  async function answer(
    page: Page,
    count: number,
    choose: (page: Page, side: Side) => Promise<void>,
  ): Promise<void> {
    for (let i = 0; i < count; i++) {
      const before = await progress(page);
      await choose(page, await preferredSide(page));
      await expect
        .poll(async () => (await page.locator('.board').count()) === 0 || (await progress(page)) !== before)
        .toBe(true);
      if ((await page.locator('h1').textContent()) === 'Thank you') return;
      await page.locator('.board').waitFor();
    }
  }

  const byKeys = async (page: Page, side: Side) => {
    await page.keyboard.press(side === 'left' ? 'ArrowLeft' : 'ArrowRight');
    await page.keyboard.press('Enter');
  };
  const byTouch = async (page: Page, side: Side) => {
    await page.getByRole('img', { name: side === 'left' ? 'Left version' : 'Right version' }).tap();
    await page.getByRole('button', { name: 'Next' }).tap();
  };
  const byMouse = async (page: Page, side: Side) => {
    await page.getByRole('button', { name: side === 'left' ? 'Left is closer' : 'Right is closer' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
  };

  test('takes raters from consent to the end, by keys, touch and mouse, and what they say can be analysed', async () => {
    const { study, folder, posted } = browser;
    const total = study.comparisonsPerRater + study.checks.length;
    const ways = [
      ['keyboard', byKeys, {}],
      ['touch', byTouch, { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } }],
      ['mouse', byMouse, {}],
    ] as const;
    const results: string[] = [];
    for (const [input, choose, options] of ways) {
      const { page, complaints, close } = await browser.open({
        ...options,
        url: `${browser.url}?rater=by-${input}`,
      });
      await consent(page);
      expect(await progress(page)).toBe(`1 of ${total}`);
      await answer(page, total, choose);
      await page.getByText('Your answers have been sent.').waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save my answers as a file' }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`dicm-study-${study.id.slice(0, 8)}-by-${input}.json`);
      const saved = readFileSync(await download.path(), 'utf8');
      expect(JSON.parse(saved)).toEqual(JSON.parse(posted.at(-1)!));
      const result = JSON.parse(saved) as StudyResult;
      expect(result).toMatchObject({ schema: 'dicm.study-result/1', study: study.id, complete: true });
      expect(result.rater).toBe(`by-${input}`);
      expect(new Set(result.answers.map((one) => one.input))).toEqual(new Set([input]));
      expect(result.answers).toHaveLength(total);
      for (const { ms, zoom } of result.answers) {
        expect(ms).toBeGreaterThan(0);
        expect(zoom).toBe(1);
      }
      expect(complaints).toEqual([]);
      results.push(join(folder, `by-${input}.json`));
      writeFileSync(results.at(-1)!, saved);
      await close();
    }
    const { analysis } = await analyseStudy({ results });
    for (const one of analysis.raters) {
      expect(one).toMatchObject({ complete: true, obvious: { right: 8, of: 8 }, agreement: 1 });
      expect(one.excluded).toBeUndefined();
    }
    expect(analysis.preferences.length).toBeGreaterThan(0);
    for (const { codecs, share } of analysis.preferences)
      expect([...codecs, share]).toEqual(['jpeg', 'webp', 0]);
  });

  test('pauses, is closed, and goes on where it was', async () => {
    const { page, close } = await browser.open();
    await consent(page);
    await answer(page, 3, byKeys);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('p');
    const dialog = page.getByRole('dialog', { name: 'Paused' });
    await dialog.getByText('Your answers so far (3) are kept').waitFor();
    // Keys do nothing in a pause.
    await page.keyboard.press('ArrowRight');
    const shown = await shownFiles(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Save my answers so far' }).click(),
    ]);
    const partial = JSON.parse(readFileSync(await download.path(), 'utf8')) as StudyResult;
    expect([partial.complete, partial.answers.length]).toEqual([false, 3]);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    expect(await page.locator('.choose[aria-pressed="true"]').textContent()).toBe('Left is closer');

    await page.reload();
    await page.getByText('You have answered 3 of').waitFor();
    await page.getByRole('button', { name: 'Go on where I stopped' }).click();
    await page.locator('.board').waitFor();
    expect(await progress(page)).toMatch(/^4 of /);
    expect(await shownFiles(page)).toEqual(shown);
    await answer(page, 99, byKeys);
    await page.getByText('Your answers have been sent.').waitFor();
    const result = JSON.parse(browser.posted.at(-1)!) as StudyResult;
    expect(result.rater).toMatch(/^[2-9a-z]{8}$/);
    expect(result.answers.slice(0, 3)).toEqual(partial.answers);
    // It is sent once.
    const count = browser.posted.length;
    await page.reload();
    await page.getByText('Your answers have been sent.').waitFor();
    expect(browser.posted).toHaveLength(count);
    await page.getByRole('button', { name: 'Delete my answers from this browser' }).click();
    await page.reload();
    await page.getByRole('checkbox').waitFor();
    await close();
  });

  test('is one session in two tabs: what one has kept the other does not undo', async () => {
    const { page, close } = await browser.open();
    await consent(page);
    await answer(page, 1, byKeys);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByText('You have answered 1 of').waitFor();
    await other.getByRole('button', { name: 'Go on where I stopped' }).click();
    await other.locator('.board').waitFor();
    await answer(page, 2, byKeys);
    await byKeys(other, await preferredSide(other));
    await other.getByText('You have answered 3 of').waitFor();
    await other.getByRole('button', { name: 'Go on where I stopped' }).click();
    await other.locator('.board').waitFor();
    expect(await progress(other)).toMatch(/^4 of /);
    await close();
  });

  test('keeps nothing of who does not want to, or not any more', async () => {
    const { page, close } = await browser.open();
    const kept = () => page.evaluate(() => localStorage.length);
    await page.getByRole('button', { name: 'I do not want to take part' }).click();
    await page.getByText('Nothing was kept.').waitFor();
    expect(await kept()).toBe(0);
    await page.reload();
    expect(await page.getByRole('button', { name: 'Go on' }).isDisabled()).toBe(true);
    await consent(page);
    await answer(page, 2, byKeys);
    expect(await kept()).toBe(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Stop and delete my answers' }).click();
    await page.getByRole('button', { name: 'Yes, delete them' }).click();
    await page.getByText('Your answers are deleted').waitFor();
    expect(await kept()).toBe(0);
    expect(await page.locator('.board').count()).toBe(0);
    await close();
  });

  test('lets a choice be changed until it is kept, and time stand still in a pause', async () => {
    const { page, close } = await browser.open({ url: `${browser.url}?rater=slow` });
    await consent(page);
    await page.keyboard.press('Enter');
    expect(await progress(page)).toMatch(/^1 of/);
    await page.keyboard.press('p');
    await page.waitForTimeout(3000);
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => progress(page)).toMatch(/^2 of/);
    const stored = await page.evaluate(() => Object.values(localStorage)[0] as string);
    const [first] = (JSON.parse(stored) as StudyResult).answers;
    expect(first!.chosen).toBe('right');
    expect(first!.ms).toBeLessThan(3000);
    await close();
  });

  test('shows pictures pixel by pixel, and moves and enlarges all three together', async () => {
    const { page, close } = await browser.open({ viewport: { width: 800, height: 700 } });
    await consent(page);
    const [width] = await page
      .locator('.window img')
      .evaluateAll((images) => images.map((one) => one.clientWidth));
    expect(width).toBe(480);
    const start = await places(page);
    expect(new Set(start).size).toBe(1);
    await page.keyboard.press('+');
    await page.keyboard.press('d');
    const moved = await places(page);
    expect(new Set(moved).size).toBe(1);
    expect(moved[0]).toMatch(/ 960$/);
    const pane = (await page.getByRole('img', { name: 'Left version' }).boundingBox())!;
    const [x, y] = [pane.x + pane.width / 2, pane.y + pane.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -100);
    expect((await places(page))[0]).toMatch(/ 1440$/);
    await page.mouse.down();
    await page.mouse.move(x + 50, y + 30, { steps: 3 });
    await page.mouse.up();
    const dragged = await places(page);
    expect(new Set(dragged).size).toBe(1);
    // A drag is no choice.
    expect(await page.locator('.choose[aria-pressed="true"]').count()).toBe(0);
    await page.keyboard.press('0');
    expect((await places(page))[0]).toMatch(/ 480$/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await expect.poll(() => progress(page)).toMatch(/^2 of/);
    const stored = await page.evaluate(() => Object.values(localStorage)[0] as string);
    expect((JSON.parse(stored) as StudyResult).answers[0]!.zoom).toBe(3);
    await close();
  });

  test('enlarges all three by two fingers on any of them, which choose nothing', async () => {
    const { page, close } = await browser.open({
      ...{ hasTouch: true, isMobile: true, deviceScaleFactor: 3, viewport: { width: 360, height: 740 } },
    });
    await consent(page);
    const { x, y, width, height } = (await page.getByRole('img', { name: 'Original' }).boundingBox())!;
    const [left, middle] = [x + width / 2, y + height / 2];
    const touches = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', spread?: number) =>
      touches.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: spread === undefined ? [] : [spread, -spread].map((to) => ({ x: left + to, y: middle })),
      });
    await touch('touchStart', 15);
    for (const spread of [20, 30, 40, 50]) await touch('touchMove', spread);
    await touch('touchEnd');
    await expect.poll(() => page.getByRole('status', { name: 'Enlargement' }).textContent()).toBe('3×');
    expect(new Set(await places(page)).size).toBe(1);
    expect((await places(page))[0]).toMatch(/ 1440$/);
    expect(await page.locator('.choose[aria-pressed="true"]').count()).toBe(0);
    await close();
  });

  test.each([
    [1, 480],
    [2, 480],
    // The largest whole number of device pixels: two for 2.5.
    [2.5, 384],
  ])(
    'at %d device pixels in a CSS pixel a picture of 480 is %d wide',
    async (deviceScaleFactor, cssWidth) => {
      const { page, close } = await browser.open({ deviceScaleFactor });
      await consent(page);
      const widths = await page
        .locator('.window img')
        .evaluateAll((images) => images.map((one) => one.getBoundingClientRect().width));
      expect(widths).toEqual([cssWidth, cssWidth, cssWidth]);
      await close();
    },
  );

  test('says that results could not be sent, and sends them again', async () => {
    const { page, close } = await browser.open({ url: `${browser.url}?rater=unlucky` });
    browser.refuse(true);
    await consent(page);
    await answer(page, 99, byKeys);
    await page.getByText('could not be sent: the server answered 503').waitFor();
    browser.refuse(false);
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByText('Your answers have been sent.').waitFor();
    expect((JSON.parse(browser.posted.at(-1)!) as StudyResult).rater).toBe('unlucky');
    await close();
  });

  test('waits for pictures that do not come, and asks for them again', async () => {
    const { page, close } = await browser.open();
    await page.route('**/pictures/*.png', (route) => route.abort());
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('alert').filter({ hasText: 'A picture did not come.' }).waitFor();
    await page.unroute('**/pictures/*.png');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.board').waitFor();
    await close();
  });

  test('works as a file, and refuses a name that is none', async () => {
    const file = pathToFileURL(join(browser.folder, 'site/index.html')).href;
    const { page, complaints, close } = await browser.open({ url: file });
    await consent(page);
    await answer(page, 2, byKeys);
    await page.reload();
    await page.getByText('You have answered 2 of').waitFor();
    expect(complaints).toEqual([]);
    await page.goto(`${browser.url}?rater=a/b`);
    await page.getByText('This address does not work').waitFor();
    await close();
  });

  test.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility in %s',
    async (colorScheme) => {
      const { page, complaints, close } = await browser.open({ colorScheme });
      const check = async (what: string) => {
        for (const width of [1440, 800, 360]) {
          await page.setViewportSize({ width, height: 800 });
          expect(await seriousFaults(page), `${what}, ${width} pixels wide`).toEqual([]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(overflow, `${what}, ${width} pixels wide`).toBeLessThanOrEqual(0);
        }
      };
      await check('consent');
      await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('button', { name: 'Start' }).waitFor();
      await check('how it works');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.locator('.board').waitFor();
      await check('a comparison');
      await page.keyboard.press('ArrowRight');
      await check('a choice');
      await page.keyboard.press('p');
      await check('a pause');
      await page.keyboard.press('Escape');
      await answer(page, 99, byKeys);
      await page.getByText('Your answers have been sent.').waitFor();
      await check('the end');
      expect(complaints).toEqual([]);
      await close();
    },
  );
});

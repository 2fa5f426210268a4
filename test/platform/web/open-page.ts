import { readFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './find-chromium.js';
import { type LibraryServer, serveLibrary } from './serve-library.js';

/** The library in a browser, for the tests of a file. */
export interface LibraryBrowser {
  readonly server: LibraryServer;
  /** A page of the server: with what earlier pages have kept, or, `fresh`, as on a first visit; `isolated` for threads. */
  open(options?: { readonly fresh?: boolean; readonly isolated?: boolean }): Promise<Page>;
  /** What the process of a page has in memory, once garbage is collected. */
  memoryBytes(page: Page): Promise<number>;
  close(): Promise<void>;
}

/** Why there is no browser to test with; undefined where there is one. */
export const noBrowser =
  findChromium() === undefined
    ? 'there is no Chromium here: apt-get install chromium, or name one in $DICM_CHROMIUM'
    : undefined;

/** Starts a server of the library and a browser. */
export async function openBrowser(): Promise<LibraryBrowser> {
  const server = await serveLibrary();
  const browser: Browser = await chromium.launch({
    executablePath: findChromium()!,
    // Chromium's sandbox does not start for root, who containers run tests as.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const context = await browser.newContext();
  return {
    server,
    open: async ({ fresh = false, isolated = false } = {}) => {
      const page = await (fresh ? await browser.newContext() : context).newPage();
      await page.goto(isolated ? `${server.url}?isolated` : server.url);
      await page.waitForFunction(() => 'dicm' in globalThis);
      return page;
    },
    memoryBytes: async (page) => {
      const session = await page.context().newCDPSession(page);
      await session.send('HeapProfiler.collectGarbage');
      await session.detach();
      const whole = await browser.newBrowserCDPSession();
      const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
      await whole.detach();
      const renderers = processInfo.filter(({ type }) => type === 'renderer');
      const sizes = await Promise.all(renderers.map(({ id }) => residentBytes(id)));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

/** Of a process on Linux. */
async function residentBytes(id: number): Promise<number> {
  const status = await readFile(`/proc/${id}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
}

import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './find-chromium.js';
import { type LibraryServer, serveLibrary } from './serve-library.js';

/** The library in a browser, for the tests of a file. */
export interface LibraryBrowser {
  readonly server: LibraryServer;
  /** A page of the server, with what earlier pages have kept unless it is `fresh`. */
  open(options?: { readonly fresh?: boolean }): Promise<Page>;
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
  let context = await browser.newContext();
  return {
    server,
    open: async ({ fresh = false } = {}) => {
      if (fresh) {
        await context.close();
        context = await browser.newContext();
      }
      const page = await context.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => 'dicm' in globalThis);
      return page;
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import {
  MODEL_FOLDERS,
  mediaType,
  modelFiles,
  pageFiles,
  type ServedFile,
} from '../../src/cli/view/page-files.js';
import { type FileServer, serveFiles } from '../../src/cli/view/serve-files.js';
import { findChromium } from '../platform/web/find-chromium.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** The released models, as the page finds them beside itself. */
const MODELS = {
  [MODEL_FOLDERS.semantic]: join(ROOT, 'packages/model-r50'),
  [MODEL_FOLDERS.perceptual]: join(ROOT, 'packages/model-dpc'),
};

/** A file that a test drops on the page. */
export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The built page in a browser, as `dicm view` serves it. */
export interface ViewBrowser {
  readonly url: string;
  /**
   * Opens the page; what it asks for and complains of is noted.
   *
   * @param options - `held`: addresses that are not answered before `release` of the page is called, as a glob.
   */
  open(options?: {
    readonly path?: string;
    readonly colourScheme?: 'light' | 'dark';
    readonly held?: string;
  }): Promise<ViewPage>;
  close(): Promise<void>;
}

/** An open page. */
export interface ViewPage {
  readonly page: Page;
  /** Addresses that were asked for. */
  readonly requests: readonly string[];
  /** Errors of scripts and of the content security policy, answers that failed. */
  readonly complaints: readonly string[];
  /** Lets what is held go. */
  release(): void;
  /** Drops files on the page. */
  drop(files: readonly DroppedFile[]): Promise<void>;
}

/** A file of the repository, to be dropped. */
export function repositoryFile(path: string): DroppedFile {
  return { name: path.split('/').at(-1)!, bytes: readFileSync(join(ROOT, path)) };
}

/**
 * Starts the server of `dicm view` and a browser.
 *
 * @param named - Files besides those of the page and the models, by their addresses below the page's.
 * @param folders - Of the models that lie beside the page; all of them unless given.
 */
export async function openViewBrowser(
  named: Readonly<Record<string, ServedFile>> = {},
  folders = Object.keys(MODELS),
): Promise<ViewBrowser> {
  const files = pageFiles();
  for (const folder of folders) {
    for (const name of await modelFiles(MODELS[folder]!)) {
      const file = { path: join(MODELS[folder]!, name), type: mediaType(name), cache: 'ask' } as const;
      files.set(`/${folder}/${name}`, file);
    }
  }
  for (const [name, file] of Object.entries(named)) files.set(`/${name}`, file);
  // Where a static host may have it: not at the root.
  const moved = [...files].map(([address, file]) => [`/some/where${address}`, file] as const);
  const server: FileServer = await serveFiles(new Map(moved), undefined);
  const url = `${server.url}some/where/`;
  const browser: Browser = await chromium.launch({
    executablePath: findChromium()!,
    // Chromium's sandbox does not start for root, who containers run tests as.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  // One context: the weights that one page has fetched are there for the next.
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  return {
    url,
    open: async ({ path = '', colourScheme = 'light', held } = {}) => {
      const page = await context.newPage();
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      if (held !== undefined) await page.route(held, (route) => released.then(() => route.continue()));
      const [requests, complaints]: [string[], string[]] = [[], []];
      page.on('request', (request) => requests.push(request.url()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      await page.emulateMedia({ colorScheme: colourScheme });
      await page.goto(url + path);
      return { page, requests, complaints, release, drop: (dropped) => dropOn(page, dropped) };
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

async function dropOn(page: Page, files: readonly DroppedFile[]): Promise<void> {
  const sent = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((given) => {
    const data = new DataTransfer();
    for (const { name, base64 } of given) {
      data.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name));
    }
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, sent);
}

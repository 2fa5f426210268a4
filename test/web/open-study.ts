import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { mediaType } from '../../src/cli/view/page-files.js';
import { compressPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { makeStudy } from '../../src/study/make-study.js';
import type { Study } from '../../src/study/study-format.js';
import { drawnPicture } from '../bench/drawn-picture.js';
import { findChromium } from '../platform/web/find-chromium.js';

/** A study on a host, and a browser. */
export interface StudyBrowser {
  readonly study: Study;
  /** Folder of the study: `study.json` and `site`. */
  readonly folder: string;
  readonly url: string;
  /** What was sent to the host. */
  readonly posted: string[];
  /** Makes the host refuse what is sent to it. */
  refuse(isRefused: boolean): void;
  /** Opens a page in a browser of its own: nothing is kept there yet. */
  open(options?: BrowserContextOptions & { readonly url?: string }): Promise<StudyPage>;
  close(): Promise<void>;
}

/** An open page. */
export interface StudyPage {
  readonly page: Page;
  /** Errors of scripts and of the content security policy, answers that failed. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Makes a study of two drawn pictures, serves it under a path, and starts a browser. */
export async function openStudyBrowser(): Promise<StudyBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-study-page-'));
  const pictures = [0, 1].map((seed) => join(folder, `drawn-${seed}.png`));
  for (const [seed, path] of pictures.entries()) {
    writeFileSync(path, await compressPixels(drawnPicture(480, 360, seed)));
  }
  const { study } = await makeStudy({
    ...{ pictures, codecs: ['jpeg', 'webp'], bpp: [0.5, 1], post: '../results', searchPath: '' },
    write: async (path, content) => {
      const place = join(folder, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, content);
    },
  });
  const host = await serve(join(folder, 'site'));
  const browser: Browser = await chromium.launch({
    executablePath: findChromium()!,
    // Chromium's sandbox does not start for root, who containers run tests as.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  return {
    study,
    folder,
    ...host,
    open: async ({ url = host.url, ...options } = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      await page.goto(url);
      return { page, complaints, close: () => context.close() };
    },
    close: async () => {
      await browser.close();
      host.server.close();
      host.server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function serve(root: string) {
  const posted: string[] = [];
  let isRefused = false;
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    if (request.method === 'POST' && pathname === '/lab/results') {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        if (!isRefused) posted.push(body);
        response.writeHead(isRefused ? 503 : 204).end();
      });
      return;
    }
    const name = pathname.replace(/^\/lab\/study\//, '') || 'index.html';
    try {
      const content = readFileSync(join(root, name));
      response.writeHead(200, { 'content-type': extname(name) === '' ? 'text/plain' : mediaType(name) });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    posted,
    url: `http://127.0.0.1:${port}/lab/study/`,
    refuse: (refused: boolean) => {
      isRefused = refused;
    },
  };
}

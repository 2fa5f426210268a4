import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackendError } from '../errors.js';
import type { StudySite } from './study-format.js';

/** The page's own files, by their paths in the site. `index.html` has the study in it. */
export async function siteFiles(site: StudySite): Promise<Map<string, Uint8Array>> {
  const folder = builtPage();
  const files = new Map<string, Uint8Array>();
  for (const name of await readdir(folder)) files.set(name, await readFile(join(folder, name)));
  const page = new TextDecoder().decode(files.get('index.html'));
  files.set('index.html', new TextEncoder().encode(withStudy(page, site)));
  return files;
}

/** Puts a study into the page: as data in the document, since a page that is opened as a file may fetch nothing. */
function withStudy(page: string, site: StudySite): string {
  // Nothing in it may end the element.
  const data = JSON.stringify(site).replaceAll('<', '\\u003c');
  return page
    .replace('"DICM_STUDY"', () => data)
    .replace('DICM_CONNECT', () => (site.post === undefined ? "'none'" : originOf(site.post)));
}

/** What the content security policy lets the page send results to. */
function originOf(post: string): string {
  const here = 'https://page.invalid';
  const { origin } = new URL(post, here);
  return origin === here ? "'self'" : origin;
}

function builtPage(): string {
  // From the built files below dist/ and from the sources.
  const places = ['../../study', '../../dist/study'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(join(place, 'study.js')));
  if (found !== undefined) return found;
  throw new BackendError('no-page', 'the page of studies was not built; in a clone, npm run build makes it');
}

import { readFileSync } from 'node:fs';

/** Version of this package, from its package.json; found from the sources and from the built files below dist/. */
export function programVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'dicm' && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}

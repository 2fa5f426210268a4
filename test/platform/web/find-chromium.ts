import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Chromium or Chrome as it is installed here: that of `$DICM_CHROMIUM`, or the first on the path. */
export function findChromium(): string | undefined {
  const chosen = process.env.DICM_CHROMIUM;
  if (chosen !== undefined) return chosen;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Draws small pictures, no two alike, as `folder/000.png` and so on. */
export async function drawPictures(folder: string, count: number): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const pixels = Buffer.alloc(48 * 32 * 3);
    for (let at = 0; at < pixels.length; at++) pixels[at] = (at * (i + 3) + (at >> 4) * 7 * i) % 256;
    const path = join(folder, `${String(i).padStart(3, '0')}.png`);
    writeFileSync(
      path,
      await sharp(pixels, { raw: { width: 48, height: 32, channels: 3 } })
        .png()
        .toBuffer(),
    );
    paths.push(path);
  }
  return paths;
}

/** Makes a picture do something to whoever reads it (`poison.mjs`). */
export function poison(path: string, kind: string): void {
  appendFileSync(path, `POISON:${kind}`);
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { dicm, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();

/** Largest resident memory of a run, in MiB. */
async function peakMiB(args: string[]): Promise<number> {
  const hook = join(folder, 'peak.mjs');
  writeFileSync(hook, `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS));`);
  const result = await dicm([...args, '--backend', 'onnx'], {
    nodeArgs: ['--import', pathToFileURL(hook).href],
  });
  expect(result.exitCode, result.stderr).toBe(0);
  return Number(/peak (\d+)/.exec(result.stderr)![1]) / 1024;
}

test('memory grows by a few bytes a pixel, in encoding and in analysis', async () => {
  const [tile, large] = [join(folder, 'tile.jpg'), join(folder, 'large.jpg')];
  await sharp(join(PHOTOS, 'rocket.jpg')).resize(512, 512, { fit: 'fill' }).jpeg().toFile(tile);
  await sharp(join(PHOTOS, 'rocket.jpg')).resize(6000, 3000, { fit: 'fill' }).jpeg().toFile(large);
  const encode = ['encode', '--max-side', 'none', '-q', '30', '-o', join(folder, 'coded/')];
  const [small, big] = [await peakMiB([...encode, tile]), await peakMiB([...encode, large])];
  const pixels = 6000 * 3000;
  // Three bytes are the picture itself; the rest is what the allocators keep.
  expect(big - small).toBeLessThan((12 * pixels) / 2 ** 20);

  const classify = (name: string) => peakMiB(['analyze', 'classify', join(folder, 'coded', name)]);
  // Analysis never sees a pixel: a file of 72 tiles takes what one tile takes.
  expect((await classify('large.dicm')) - (await classify('tile.dicm'))).toBeLessThan(100);
});

import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { dicm, jsonLines, PHOTOS, ROOT, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const CASES = join(ROOT, 'fixtures/cases');
const inFolder = (name: string) => join(folder, name);

describe('what becomes of a photograph is said', () => {
  test('from what size it was fitted, in the line and in the notes', async () => {
    const photo = join(PHOTOS, 'coffee.png');
    const [plain, json] = [
      await dicm(['encode', photo, '-o', inFolder('a.dicm')]),
      await dicm(['encode', photo, '-o', inFolder('b.dicm'), '--json']),
    ];
    expect(plain.stderr).toContain('600 x 400 fitted to 288 x 192');
    expect(jsonLines(json)[0]).toMatchObject({
      ...{ width: 288, height: 192, sourceWidth: 600, sourceHeight: 400 },
      notes: ['600 x 400 pixels fitted to 288 x 192; maxSide none (--max-side none) keeps every pixel'],
    });
    const verbose = await dicm(['encode', photo, '-o', inFolder('c.dicm'), '-v']);
    expect(verbose.stderr).toContain('coffee.png: 600 x 400 pixels fitted to 288 x 192');
  });

  test('--metadata keeps what inspect then lists', async () => {
    const photo = inFolder('place.jpg');
    await sharp({ create: { width: 40, height: 30, channels: 3, background: 'teal' } })
      .withExif({
        IFD0: { Copyright: 'nobody' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
      })
      .jpeg()
      .toFile(photo);
    const sections = async (...flags: string[]) => {
      const output = inFolder('place.dicm');
      const encoded = await dicm(['encode', photo, '-f', '-o', output, '--json', ...flags]);
      expect(encoded.exitCode, encoded.stderr).toBe(0);
      const { sections } = jsonLines(await dicm(['inspect', output, '--json']))[0]!;
      const tags = (sections as { tag: string }[]).map(({ tag }) => tag);
      return { tags, notes: jsonLines(encoded)[0]!.notes };
    };
    expect(await sections()).toEqual({
      tags: ['tile'],
      notes: ['Exif metadata left out; metadata exif (--metadata exif) keeps it'],
    });
    expect(await sections('--metadata', 'exif')).toEqual({
      tags: ['tile', 'exif'],
      notes: ['Exif metadata kept, with the place where the photograph was taken'],
    });
    expect((await dicm(['encode', photo, '--metadata', 'gps'])).exitCode).toBe(2);
  });
});

describe('damaged pictures', () => {
  test('are refused with what is damaged, and read as far as they go with --tolerate-damage', async () => {
    const tiff = join(CASES, 'tiled-second-tile-missing.tif');
    const output = inFolder('tiff.dicm');
    const refused = await dicm(['encode', tiff, '-o', output]);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toMatch(/tile 2 of 2 is not whole in the file; .*--tolerate-damage/);
    expect(existsSync(output)).toBe(false);
    const read = await dicm(['encode', tiff, '-o', output, '--tolerate-damage', '--json']);
    expect(read.exitCode, read.stderr).toBe(0);
    expect(jsonLines(read)[0]!.notes).toEqual([expect.stringMatching(/^damaged: tile 2 of 2/)]);
  });

  test('each has its own reason, however many are in work', async () => {
    const names = ['heic-16x16.heic', 'jpeg-without-end-marker.jpg', 'png-cut.png'];
    const inputs = names.map((name) => {
      copyFileSync(join(CASES, name), inFolder(name));
      return inFolder(name);
    });
    const result = await dicm(['encode', ...inputs, '-f', '--jobs', '3', '--json', '-o', inFolder('each/')]);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toEqual([
      expect.objectContaining({ code: 'unsupported-image', message: expect.stringMatching(/HEIC.*convert/) }),
      expect.objectContaining({ notes: [expect.stringContaining('end marker of the JPEG is missing')] }),
      expect.objectContaining({ code: 'bad-image', message: expect.stringMatching(/png-cut.*IDAT/) }),
    ]);
  });

  test('under an overlay, too', async () => {
    const photo = inFolder('photo.jpg');
    const cut = inFolder('cut.jpg');
    const bytes = await sharp(join(PHOTOS, 'chelsea.png')).resize(96).jpeg({ quality: 90 }).toBuffer();
    await sharp(bytes).keepMetadata().toFile(photo);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 200));
    const coded = inFolder('photo.dicm');
    expect((await dicm(['encode', photo, '-o', coded])).exitCode).toBe(0);
    const draw = ['analyze', 'detect', coded, '--overlay', inFolder('drawn.png')];
    expect((await dicm([...draw, '--on', cut])).exitCode).toBe(3);
    expect((await dicm([...draw, '--on', cut, '--tolerate-damage'])).exitCode).toBe(0);
    expect((await dicm([...draw, '-f', '--tolerate-damage'])).exitCode).toBe(2);
  });
});

test('a picture that has to be held has a limit on the command line', async () => {
  const photo = inFolder('interlaced.png');
  await sharp(join(PHOTOS, 'chelsea.png')).png({ progressive: true }).toFile(photo);
  const result = await dicm(['encode', photo, '--limit', 'maxHeldPixels=1000']);
  expect(result.exitCode).toBe(7);
  expect(result.stderr).toContain('maxHeldPixels = 1000');
});

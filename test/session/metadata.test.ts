import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDicm } from '../../src/container/index.js';
import { LimitError, readInfo } from '../../src/index.js';
import { openTiny, photo } from './helpers.js';

const codec = await openTiny();
const GPS = { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' };
let jpeg: Uint8Array;
let upright: Uint8Array;

beforeAll(async () => {
  const image = sharp(await photo(90, 60))
    .withIccProfile('p3')
    .withExif({ IFD0: { Copyright: 'nobody' }, IFD3: GPS });
  upright = await image.clone().jpeg().toBuffer();
  jpeg = await sharp(upright).keepMetadata().withMetadata({ orientation: 6 }).jpeg().toBuffer();
});

const sections = (bytes: Uint8Array) => readInfo(bytes).sections.map(({ tag }) => tag);

describe('metadata of a photograph', () => {
  test('is left out unless asked for, and that is said', async () => {
    const { bytes, notes } = await codec.encode(jpeg);
    expect(sections(bytes)).toEqual(['tile']);
    expect(notes).toEqual(['Exif metadata left out; metadata exif (--metadata exif) keeps it']);
  });

  test('icc keeps the profile as it is, and not the place', async () => {
    const { bytes, notes } = await codec.encode(jpeg, { metadata: 'icc' });
    expect(sections(bytes)).toEqual(['tile', 'icc']);
    expect(readDicm(bytes).ancillary[0]!.data).toEqual(new Uint8Array((await sharp(jpeg).metadata()).icc!));
    expect(notes).toEqual(['Exif metadata left out; metadata exif (--metadata exif) keeps it']);
  });

  test('exif keeps everything but the orientation, which has been applied', async () => {
    const { bytes, notes, width, height } = await codec.encode(jpeg, { metadata: 'exif' });
    expect([width, height]).toEqual([60, 90]);
    const { header, ancillary } = readDicm(bytes);
    expect(header.orientation).toBe(6);
    expect(sections(bytes)).toEqual(['tile', 'exif']);
    expect(notes).toEqual(['Exif metadata kept, with the place where the photograph was taken']);
    // Read by another library from another picture: upright, and with all that was in it.
    const exif = ancillary[0]!.data;
    expect(Buffer.from(exif).toString('latin1')).toContain('nobody');
    const source = new Uint8Array((await sharp(jpeg).metadata()).exif!.subarray(6));
    const changed = [...exif].filter((byte, i) => byte !== source[i]);
    expect([exif.length, changed]).toEqual([source.length, [1]]);
  });

  test('all keeps both, in the order of their tags', async () => {
    const { bytes } = await codec.encode(jpeg, { metadata: 'all' });
    expect(sections(bytes)).toEqual(['tile', 'icc', 'exif']);
    await codec.verify(bytes);
  });

  test('the same picture without them is the same but for the sections', async () => {
    const [plain, all] = [await codec.encode(jpeg), await codec.encode(jpeg, { metadata: 'all' })];
    expect(readDicm(all.bytes).tiles).toEqual(readDicm(plain.bytes).tiles);
    expect(all.bpp).toBeCloseTo((8 * all.bytes.length) / (60 * 90), 10);
  });

  test('counts in what a target allows', async () => {
    const { bytes, targetReached } = await codec.encode(jpeg, { metadata: 'all', targetBytes: 1500 });
    expect(bytes.length).toBeLessThanOrEqual(1500);
    expect(targetReached).toBeDefined();
  });

  test('what is not there is said', async () => {
    const { bytes, notes } = await codec.encode(await photo(40, 30), { metadata: 'all' });
    expect(sections(bytes)).toEqual(['tile']);
    expect(notes).toEqual(['no colour profile was found to keep', 'no Exif metadata was found to keep']);
  });

  test.each(['png', 'webp', 'avif'] as const)('from %s as from JPEG', async (format) => {
    const image = await sharp(upright).keepMetadata().toFormat(format).toBuffer();
    const { bytes } = await codec.encode(image, { metadata: 'exif' });
    const [section] = readDicm(bytes).ancillary;
    expect(section?.name).toBe('exif');
    expect(Buffer.from(section!.data.subarray(0, 4)).toString('latin1')).toMatch(/^(II\*\0|MM\0\*)$/);
    expect(Buffer.from(section!.data).toString('latin1')).toContain('nobody');
  });

  test('has the limit that readers have', async () => {
    const limited = await openTiny({ limits: { maxAncillaryBytes: 100 } });
    await expect(limited.encode(jpeg, { metadata: 'all' })).rejects.toThrow(LimitError);
    await expect(limited.encode(jpeg)).resolves.toBeDefined();
  });

  test('of another kind is a mistake of the caller', async () => {
    await expect(codec.encode(jpeg, { metadata: 'gps' as 'exif' })).rejects.toMatchObject({
      code: 'bad-metadata',
    });
  });
});

test('tolerateDamage reaches encode and analyzePixels', async () => {
  const cut = jpeg.subarray(0, jpeg.length - 300);
  await expect(codec.encode(cut)).rejects.toMatchObject({ code: 'bad-image' });
  expect((await codec.encode(cut, { tolerateDamage: true })).notes[0]).toMatch(/^damaged: /);
  const analysis = { tasks: ['classify'] } as const;
  await expect(codec.analyzePixels(cut, analysis)).rejects.toMatchObject({ code: 'bad-image' });
  expect((await codec.analyzePixels(cut, { ...analysis, tolerateDamage: true })).notes[0]).toMatch(
    /^damaged: /,
  );
});

test('the limits of the codec hold for photographs, and claims of files have their own default', async () => {
  const limited = await openTiny({ limits: { maxSourcePixels: 5399 } });
  await expect(limited.encode(jpeg)).rejects.toMatchObject({ limit: 'maxSourcePixels', actual: 5400 });
  const { bytes } = await codec.encode(jpeg);
  expect(() => readInfo(bytes)).not.toThrow();
});

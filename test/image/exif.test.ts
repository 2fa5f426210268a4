import sharp from 'sharp';
import { expect, test } from 'vitest';
import { exifHasPlace, uprightExif } from '../../src/image/exif.js';

/** Exif with one directory: entries of tag, type, count and value or offset. */
function exif(little: boolean, entries: [number, number, number, number][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 + 2 + 12 * entries.length + 4));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, entries.length, little);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    view.setUint16(10 + 12 * i, tag, little);
    view.setUint16(12 + 12 * i, type, little);
    view.setUint32(14 + 12 * i, count, little);
    if (type === 3) view.setUint16(18 + 12 * i, value, little);
    else view.setUint32(18 + 12 * i, value, little);
  }
  return new Uint8Array(view.buffer);
}

test.each([true, false])('the orientation becomes 1 and nothing else changes, little-endian %j', (little) => {
  const before = exif(little, [
    [0x010f, 4, 1, 77],
    [0x0112, 3, 1, 6],
  ]);
  const kept = before.slice();
  expect(uprightExif(before)).toEqual(
    exif(little, [
      [0x010f, 4, 1, 77],
      [0x0112, 3, 1, 1],
    ]),
  );
  // What was given is not touched.
  expect(before).toEqual(kept);
});

test('an orientation of an odd type becomes a plain one', () => {
  expect(uprightExif(exif(true, [[0x0112, 4, 1, 8]]))).toEqual(exif(true, [[0x0112, 3, 1, 1]]));
});

test('what is no Exif, or ends too early, is not believed', () => {
  for (const text of ['', 'II', 'Exif\0\0II*\0', 'XX*\0\x08\0\0\0', 'II+\0\x08\0\0\0']) {
    expect(uprightExif(Buffer.from(text, 'latin1'))).toBeUndefined();
  }
  const cut = exif(true, [[0x0112, 3, 1, 6]]).subarray(0, 14);
  expect(uprightExif(cut)).toEqual(cut);
  expect(exifHasPlace(cut)).toBe(false);
});

test('a place is seen in what another library writes', async () => {
  const write = async (parts: Record<string, Record<string, string>>) => {
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .withExif(parts)
      .jpeg()
      .toBuffer();
    return new Uint8Array((await sharp(jpeg).metadata()).exif!.subarray(6));
  };
  const IFD0 = { Copyright: 'nobody' };
  expect(exifHasPlace(await write({ IFD0 }))).toBe(false);
  expect(
    exifHasPlace(await write({ IFD0, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })),
  ).toBe(true);
});

import { describe, expect, test } from 'vitest';
import { readNalUnits } from '../../../src/bench/codecs/nal-units.js';
import { readPixmap, writePixmap } from '../../../src/bench/codecs/portable-pixmap.js';
import { fromYuv420, toYuv420 } from '../../../src/bench/codecs/yuv420.js';
import { psnr } from '../../../src/evaluation/psnr.js';
import { drawnPicture } from '../drawn-picture.js';

describe('YCbCr 4:2:0', () => {
  test('has the values of T.871 for plain colours', () => {
    // Red: Y = 0.299 * 255, Cb = 128 - 0.168736 * 255, Cr = 128 + 0.5 * 255, which is cut off at 255.
    const red = { width: 2, height: 2, data: Uint8Array.from(Array(4).fill([255, 0, 0]).flat()) };
    expect([...toYuv420(red).data]).toEqual([76, 76, 76, 76, 85, 255]);
    const white = { width: 2, height: 2, data: new Uint8Array(12).fill(255) };
    expect([...toYuv420(white).data]).toEqual([255, 255, 255, 255, 128, 128]);
  });

  test('makes odd sides even and cuts them off again', () => {
    const picture = drawnPicture(33, 21);
    const planes = toYuv420(picture);
    expect([planes.width, planes.height, planes.data.length]).toEqual([34, 22, 34 * 22 * 1.5]);
    const back = fromYuv420(planes.data, picture);
    expect([back.width, back.height, back.data.length]).toEqual([33, 21, picture.data.length]);
    expect(psnr(picture.data, back.data)).toBeGreaterThan(25);
  });

  test('interpolates chroma between its samples', () => {
    const planes = Uint8Array.of(...Array(8).fill(128), 128, 128, 128, 168);
    // Cr 128 and 168 at x = 0.5 and 2.5: red of the four columns is Y + 1.402 times 0, 10, 30, 40.
    const { data } = fromYuv420(planes, { width: 4, height: 2 });
    expect([0, 1, 2, 3].map((x) => data[3 * x])).toEqual([128, 142, 170, 184]);
  });
});

describe('pixmaps', () => {
  test('come back as written', () => {
    const picture = drawnPicture(5, 3);
    expect(readPixmap(writePixmap(picture))).toEqual(picture);
  });

  test('may have comments, and may be grey', () => {
    const grey = Buffer.concat([Buffer.from('P5\n# by hand\n2 1\n255\n'), Buffer.from([9, 8])]);
    expect(readPixmap(grey)).toEqual({ width: 2, height: 1, data: Uint8Array.of(9, 9, 9, 8, 8, 8) });
  });

  test.each([
    ['16 bits', 'P6\n1 1\n65535\nabcdef'],
    ['too few samples', 'P6\n2 2\n255\nabc'],
    ['another format', 'PF\n2 2\n'],
  ])('%s is refused', (_, text) => {
    expect(() => readPixmap(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'bad-pixmap' }));
  });
});

test('units of a stream lie between start codes of three and four bytes', () => {
  const stream = Uint8Array.of(0, 0, 0, 1, 64, 1, 5, 0, 0, 1, 38, 1, 0, 0, 3, 1, 0);
  expect(readNalUnits(stream, 'hevc')).toEqual([
    { type: 32, sizeBytes: 7 },
    { type: 19, sizeBytes: 10 },
  ]);
  expect(readNalUnits(new Uint8Array(), 'hevc')).toEqual([]);
});

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import {
  annotationFrame,
  toStoredFrame,
  toUprightFrame,
  turnMask,
} from '../../../src/tasks/objects/exif-turn.js';
import { decodeMask, encodeMask, maskArea } from '../../../src/tasks/objects/run-length-mask.js';

const STORED = { width: 7, height: 5 };

/** A shape without any symmetry. */
const SHAPE = ['.......', '..##...', '..#....', '..####.', '.......'];
const BOX = { x: 2, y: 1, width: 4, height: 3 };

const shapeData = () => Uint8Array.from(SHAPE.join(''), (letter) => (letter === '#' ? 1 : 0));

/** What the image library makes of stored pixels with an Exif orientation: a witness of its own. */
async function turnedBySharp(orientation: number) {
  const pixels = Buffer.from(shapeData().map((value) => 255 * value));
  const stored = await sharp(pixels, { raw: { ...STORED, channels: 1 } })
    .withMetadata({ orientation })
    .png()
    .toBuffer();
  const { data, info } = await sharp(stored)
    .autoOrient()
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: data.map((value) => (value > 127 ? 1 : 0)) };
}

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i', (orientation) => {
  test('turns masks and boxes as the image library turns pixels, and back', async () => {
    const upright = await turnedBySharp(orientation);
    const photograph = { width: upright.width, height: upright.height, orientation };
    const mask = encodeMask({ ...STORED, data: shapeData() });
    const [turned] = toUprightFrame([{ box: BOX, mask, score: 0.5 }], photograph);
    const bitmap = decodeMask(turned!.mask);
    expect([bitmap.width, bitmap.height, ...bitmap.data]).toEqual([
      upright.width,
      upright.height,
      ...upright.data,
    ]);
    // The box is the rectangle around the mask.
    const inside = [...upright.data.entries()].filter(([, value]) => value === 1).map(([at]) => at);
    const columns = inside.map((at) => at % upright.width);
    const rows = inside.map((at) => Math.floor(at / upright.width));
    const [x, y] = [Math.min(...columns), Math.min(...rows)];
    expect(turned!.box).toEqual({
      x,
      y,
      width: Math.max(...columns) + 1 - x,
      height: Math.max(...rows) + 1 - y,
    });
    expect(toStoredFrame([turned!], photograph)).toEqual([{ box: BOX, mask, score: 0.5 }]);
  });
});

test('boxes keep their fractions, and a mask its area where it covers nothing or everything', () => {
  const photograph = { width: 40, height: 64, orientation: 6 };
  const [box] = toStoredFrame([{ box: { x: 10.25, y: 2.5, width: 20, height: 60 } }], photograph);
  expect(box).toEqual({ box: { x: 2.5, y: 9.75, width: 60, height: 20 } });
  for (const value of [0, 1]) {
    const mask = encodeMask({ ...STORED, data: new Uint8Array(35).fill(value) });
    expect(turnMask(mask, 8).size).toEqual([7, 5]);
    expect(maskArea(turnMask(mask, 8))).toBe(35 * value);
  }
});

test('a mask in a corner of a picture of 10^10 pixels is turned at once', () => {
  const mask = encodeMask(
    { width: 2, height: 1, data: Uint8Array.of(1, 1) },
    { x: 0, y: 0, width: 1e5, height: 1e5 },
  );
  expect(turnMask(mask, 3)).toEqual(
    encodeMask(
      { width: 2, height: 1, data: Uint8Array.of(1, 1) },
      { x: 1e5 - 2, y: 1e5 - 1, width: 1e5, height: 1e5 },
    ),
  );
});

test.each([
  ['the upright size', { width: 40, height: 64 }, 6, 'upright'],
  ['the stored size', { width: 64, height: 40 }, 6, 'stored'],
  ['sides swapped by nothing that is known', { width: 64, height: 40 }, 1, undefined],
  ['sides swapped beside a half turn', { width: 64, height: 40 }, 3, undefined],
  ['a picture made smaller', { width: 20, height: 32 }, 6, undefined],
])('%s', (_, annotated, orientation, frame) => {
  expect(annotationFrame(annotated, { width: 40, height: 64, orientation })).toBe(frame);
});

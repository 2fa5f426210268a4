import { expect, test } from 'vitest';
import { rebuiltParts } from '../../src/codec/rebuilt-parts.js';

const whole = (width: number, height: number) => ({ x: 0, y: 0, width, height });
const told = (area: Parameters<typeof rebuiltParts>[0], context?: number) =>
  rebuiltParts(area, context).map(({ x, y, width, height }) => `${x},${y} ${width}x${height}`);

test('without context every tile is a part', () => {
  expect(told(whole(600, 520))).toEqual(['0,0 512x512', '512,0 88x512', '0,512 512x8', '512,512 88x8']);
  expect(told({ x: 496, y: 480, width: 48, height: 64 })).toEqual([
    '496,480 16x32',
    '512,480 32x32',
    '496,512 16x32',
    '512,512 32x32',
  ]);
});

test('with context a picture of up to two tiles is one part, in a larger one two tiles beside each other are', () => {
  expect(told(whole(768, 512), 4)).toEqual(['0,0 768x512']);
  expect(told(whole(90, 1040), 4)).toEqual(['0,0 90x1040']);
  // Sixteen pixels high, and seen with 64 above and below.
  expect(told({ x: 0, y: 512, width: 2100, height: 16 }, 4)).toEqual([
    '0,512 1024x16',
    '1024,512 1024x16',
    '2048,512 52x16',
  ]);
  expect(told(whole(1100, 600), 4)).toEqual([
    '0,0 1024x512',
    '1024,0 76x512',
    '0,512 1024x88',
    '1024,512 76x88',
  ]);
  expect(told({ x: 976, y: 16, width: 1400, height: 600 }, 4)).toEqual([
    '976,16 48x496',
    '1024,16 1024x496',
    '2048,16 328x496',
    '976,512 48x104',
    '1024,512 1024x104',
    '2048,512 328x104',
  ]);
});

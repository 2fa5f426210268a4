import { describe, expect, test } from 'vitest';
import { encodeAlike, worstError } from '../../../src/bench/codecs/encode-alike.js';
import { encodeNear } from '../../../src/bench/codecs/encode-near.js';
import type { PictureCodec, SettingRange } from '../../../src/bench/codecs/picture-codec.js';
import { sharpCodecs } from '../../../src/bench/codecs/sharp-codecs.js';
import { drawnPicture } from '../drawn-picture.js';

const picture = drawnPicture(8, 8);

/** A codec whose files have the size that a function of its setting says, and the settings it was asked for. */
function sized(
  range: SettingRange,
  sizeOf: (setting: number) => number,
): { codec: PictureCodec; asked: number[] } {
  const asked: number[] = [];
  const codec: PictureCodec = {
    ...{ id: 'sized', name: 'Sized', version: '1', settingName: 'setting', settings: [], range },
    encode: async (_, setting) => {
      asked.push(setting);
      return { bytes: new Uint8Array(Math.round(sizeOf(setting))) };
    },
    decode: async () => picture,
  };
  return { codec, asked };
}

describe('a file of about so many bytes', () => {
  test.each([
    ['a quality', { smallest: 1, largest: 100 }, (q: number) => 100 * q, 5049, 50],
    ['the setting above is nearer', { smallest: 1, largest: 100 }, (q: number) => 100 * q, 5051, 51],
    ['a QP, where more is less', { smallest: 51, largest: 0 }, (qp: number) => 1e4 * 0.88 ** qp, 1000, 18],
    ['less than there is', { smallest: 1, largest: 100 }, (q: number) => 100 * q, 7, 1],
    ['more than there is', { smallest: 1, largest: 100 }, (q: number) => 100 * q, 70_000, 100],
  ])('%s', async (_, range, sizeOf, target, setting) => {
    const { codec, asked } = sized(range, sizeOf);
    const coded = await encodeNear(codec, picture, target, {});
    expect(coded.setting).toBe(setting);
    expect(coded.bytes.length).toBe(Math.round(sizeOf(setting)));
    expect(asked.length).toBeLessThanOrEqual(7);
  });

  test('is found between whole settings where fractions count', async () => {
    const range = { smallest: 2400, largest: 2, isContinuous: true };
    const { codec } = sized(range, (ratio) => 1_200_000 / ratio);
    const coded = await encodeNear(codec, picture, 34_567, {});
    expect(Math.abs(coded.bytes.length / 34_567 - 1)).toBeLessThan(0.004);
  });

  test('is left to a codec that searches by itself', async () => {
    const { codec, asked } = sized({ smallest: 1, largest: 100 }, () => 1);
    const encodeTo = async (_: unknown, targetBytes: number) => ({
      ...{ bytes: new Uint8Array(targetBytes), setting: 33.5 },
    });
    expect(await encodeNear({ ...codec, encodeTo }, picture, 77, {})).toEqual({
      ...{ bytes: new Uint8Array(77), setting: 33.5 },
    });
    expect(asked).toEqual([]);
  });
});

describe('files of about the same bytes', () => {
  test('are brought to those of the codec with the coarsest steps', async () => {
    const { codec: coarse } = sized({ smallest: 51, largest: 0 }, (qp) => 1e5 * 0.88 ** qp);
    const { codec: fine, asked } = sized({ smallest: 1, largest: 100 }, (q) => 200 * 1.03 ** q);
    const { targetBytes, coded } = await encodeAlike([fine, coarse], picture, 1060, {});
    expect(Math.abs(coded[1]!.bytes.length / 1060 - 1)).toBeLessThan(0.07);
    expect(worstError({ targetBytes, coded })).toBeLessThan(0.016);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('are brought up to what a codec cannot go below, and then to the coarsest', async () => {
    const { codec: coarse } = sized({ smallest: 51, largest: 0 }, (qp) => 1e5 * 0.88 ** qp);
    const { codec: large } = sized({ smallest: 1, largest: 100 }, (q) => 5000 * 1.01 ** q);
    const { targetBytes, coded } = await encodeAlike([large, coarse], picture, 300, {});
    expect(targetBytes).toBeGreaterThanOrEqual(5000);
    expect(coded[1]!.bytes.length).toBe(targetBytes);
    expect(worstError({ targetBytes, coded })).toBeLessThan(0.006);
  });

  test('are within 3 % of JPEG, WebP and AVIF', async () => {
    const alike = await encodeAlike(sharpCodecs(), drawnPicture(320, 240), 4000, {});
    expect(worstError(alike)).toBeLessThan(0.03);
  });
});

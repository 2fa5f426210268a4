import { describe, expect, test } from 'vitest';
import { findCodecs, knownCodecIds } from '../../../src/bench/codecs/find-codecs.js';
import { drawnPicture, psnr } from '../drawn-picture.js';

const { found, missing } = await findCodecs(process.env.PATH ?? '');
for (const { id, reason } of missing) console.log(`not tested: ${id}: ${reason}`);

test('every codec is either found or missing', () => {
  expect([...found, ...missing].map(({ id }) => id).sort()).toEqual(knownCodecIds().sort());
  expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['jpeg', 'webp', 'avif']));
});

describe.each(found.map((codec) => [codec.id, codec] as const))('%s', (_, codec) => {
  test('gives back a picture of odd sides, better with more bytes', async () => {
    const picture = drawnPicture(101, 75);
    const small = await codec.encode(picture, codec.settings[1]!, {});
    const large = await codec.encode(picture, codec.settings.at(-1)!, {});
    expect(small.bytes.length).toBeLessThan(large.bytes.length);
    const [poor, good] = [
      await codec.decode(small.bytes, picture, {}),
      await codec.decode(large.bytes, picture, {}),
    ];
    expect([poor.width, poor.height]).toEqual([101, 75]);
    expect(psnr(picture, good)).toBeGreaterThan(psnr(picture, poor));
    expect(psnr(picture, good)).toBeGreaterThan(24);
    if (codec.payloadName !== undefined) {
      expect(large.payloadBytes).toBeLessThan(large.bytes.length);
      expect(large.payloadBytes).toBeGreaterThan(large.bytes.length - 200);
    }
  });

  test('names a version that identifies its results', () => {
    expect(codec.version).toMatch(/\d/);
    expect([...codec.settings]).not.toEqual([]);
  });
});

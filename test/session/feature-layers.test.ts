import { beforeAll, describe, expect, test } from 'vitest';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import type { Codec, FeatureLayer, Features } from '../../src/index.js';
import { CHELSEA, openTiny, photo } from './helpers.js';

let codec: Codec;
let small: Uint8Array;
let tiled: Uint8Array;

beforeAll(async () => {
  codec = await openTiny();
  small = (await codec.encode(CHELSEA, { quality: 50 })).bytes;
  // Three by two tiles, with sides that are no multiple of any stride.
  tiled = (await codec.encode(await photo(1130, 601), { maxSide: 'none', quality: 10 })).bytes;
});

const LAYERS: [FeatureLayer, number][] = [
  ['layer2', 8],
  ['layer3', 16],
  ['layer4', 32],
];

/** One position, by rows of coded pixels. */
function at({ data, width, channels }: Features, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}

test('the mean of layer 4 is the embedding', async () => {
  const { data, height, width, channels } = await codec.decodeFeatures(small, { layer: 'layer4' });
  expect([height, width]).toEqual([6, 9]);
  const { embedding } = await codec.embed(small);
  expect(channels).toBe(embedding.length);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = c; i < data.length; i += channels) sum += data[i]!;
    expect(sum / (height * width)).toBeCloseTo(embedding[c]!, 4);
  }
});

describe.each(LAYERS)('%s', (layer, stride) => {
  test('has one position for each of its stride begun', async () => {
    const { height, width, channels, area, data } = await codec.decodeFeatures(tiled, { layer });
    expect(area).toEqual({ x: 0, y: 0, width: 1130, height: 601 });
    // Padded to whole latents of 16 pixels first.
    expect([height, width]).toEqual([Math.ceil(608 / stride), Math.ceil(1136 / stride)]);
    expect(data.length).toBe(height * width * channels);
  });

  test('joins the features of its tiles', async () => {
    const whole = await codec.decodeFeatures(tiled, { layer });
    const { header, tiles } = readDicm(tiled);
    const last = writeDicm({
      header: { ...header, width: 1130 - 1024, height: 601 - 512, sourceWidth: 106, sourceHeight: 89 },
      tiles: [tiles[5]!],
      ancillary: [],
    });
    const alone = await codec.decodeFeatures(last, { layer });
    const [left, top] = [1024 / stride, 512 / stride];
    for (let y = 0; y < alone.height; y++) {
      for (let x = 0; x < alone.width; x++) {
        expect(at(whole, left + x, top + y)).toEqual(at(alone, x, y));
      }
    }
  });

  test('of a region grows to whole positions', async () => {
    const whole = await codec.decodeFeatures(tiled, { layer });
    const region = { x: 500, y: 70, width: 30, height: 30 };
    const part = await codec.decodeFeatures(tiled, { layer, region });
    const unit = Math.max(stride, 16);
    const down = (pixel: number) => Math.floor(pixel / unit) * unit;
    const up = (pixel: number) => Math.ceil(pixel / unit) * unit;
    expect(part.area).toEqual({
      x: down(500),
      y: down(70),
      width: up(530) - down(500),
      height: up(100) - down(70),
    });
    for (let y = 0; y < part.height; y++) {
      for (let x = 0; x < part.width; x++) {
        expect(at(part, x, y)).toEqual(at(whole, part.area.x / stride + x, part.area.y / stride + y));
      }
    }
  });
});

test('a layer that is none is refused', async () => {
  await expect(codec.decodeFeatures(small, { layer: 'layer5' as FeatureLayer })).rejects.toMatchObject({
    name: 'UsageError',
    code: 'bad-feature-layer',
  });
});

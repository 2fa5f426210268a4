import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyseTile } from '../../src/codec/analyse-tile.js';
import type { CodedLayer } from '../../src/codec/coded-layer.js';
import { cropMap } from '../../src/codec/context.js';
import { decodeRows } from '../../src/codec/decode-picture.js';
import { encodePicture } from '../../src/codec/encode-picture.js';
import { joinLatents } from '../../src/codec/join-latents.js';
import { type ModelShelf, type OpenModel, openModelShelf } from '../../src/codec/model-shelf.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { type PictureArea, tileGrid } from '../../src/geometry.js';
import type { Picture } from '../../src/image/picture.js';
import { tilePixels } from '../../src/image/tile-pixels.js';
import { resolveLimits } from '../../src/limits.js';
import { viewAnalysis } from '../../src/networks/view/transform.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { relativeError } from '../nn/op-vectors.js';
import { photo } from '../session/helpers.js';
import { writeTinyView } from '../session/view-model.js';

const work = { yieldTurn: async () => {} };
let folder: string;
let shelf: ModelShelf;
let model: OpenModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dicm-view-tiles-'));
  await writeTinyView(folder);
  shelf = openModelShelf({ backend: 'onnx', platform: nodePlatform, model: folder });
  model = await shelf.encodingModel('perceptual');
});
afterAll(async () => {
  await shelf.dispose();
  await rm(folder, { recursive: true });
});

function drawn(width: number, height: number, sample: (x: number, y: number, c: number) => number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    data[i] = Math.round(sample(pixel % width, Math.floor(pixel / width), i % 3));
  }
  return { width, height, data, sourceWidth: width, sourceHeight: height, orientation: 1, notes: [] };
}

async function coded(picture: Picture, position: number): Promise<CodedLayer> {
  const { bytes } = await encodePicture(model, picture, { position }, work);
  const { header, tiles } = readDicm(bytes);
  return { ...header, tiles };
}

async function decoded(layer: CodedLayer, area: PictureArea): Promise<Float32Array> {
  const values = new Float32Array(area.width * area.height * 3);
  let filled = 0;
  for await (const rows of decodeRows(model, layer, area, model.profile.synthesis, work)) {
    values.set(rows, filled);
    filled += rows.length;
  }
  expect(filled).toBe(values.length);
  return values;
}

test('tiles give what the whole picture gives in one run, and so does any part of it', async () => {
  const picture = await loadPicture(await photo(1100, 600), { maxSide: 'none' });
  const { width, height } = picture;
  const layer = await coded(picture, 1500);
  const networks = await model.networks();

  const { y } = await joinLatents(model.latents, layer, resolveLimits(), work);
  const { rgb } = await networks.run(model.profile.synthesis.network, { latent: y });
  const whole = cropMap(rgb!, { x: 0, y: 0, width, height });
  const tiles = await decoded(layer, { x: 0, y: 0, width, height });
  expect(relativeError(tiles, whole.data)).toBeLessThan(1e-5);
  for (const area of [
    { x: 496, y: 480, width: 48, height: 64 },
    { x: 528, y: 16, width: 572, height: 16 },
  ]) {
    expect(relativeError(await decoded(layer, area), cropMap(whole, area).data)).toBeLessThan(1e-5);
  }

  const grid = tileGrid(width, height);
  const rgbOfAll = tilePixels(picture, { x: 0, y: 0, width, height });
  const { y: yOfAll } = await networks.run(viewAnalysis, { rgb: rgbOfAll });
  for (let index = 0; index < grid.columns * grid.rows; index++) {
    const tile = grid.tile(index);
    const own = await analyseTile(networks, model.profile.encoder, picture, tile);
    const place = { x: tile.x / 16, y: tile.y / 16, width: tile.latentWidth, height: tile.latentHeight };
    expect(relativeError(own.y.data, cropMap(yOfAll, place).data)).toBeLessThan(1e-5);
    expect([own.z.height, own.z.width]).toEqual([tile.hyperHeight, tile.hyperWidth]);
  }
});

test('a smooth picture is as near to its source at borders of tiles as elsewhere', async () => {
  const [width, height] = [1536, 1024];
  const picture = drawn(
    width,
    height,
    (x, y, c) => 128 + 60 * Math.sin(x / (41 + 4 * c) + y / 97) + 60 * Math.cos(y / (37 - 3 * c) - x / 113),
  );
  const values = await decoded(await coded(picture, 1200), { x: 0, y: 0, width, height });
  const errors = { border: { sum: 0, count: 0 }, interior: { sum: 0, count: 0 } };
  const isNear = (at: number) => Math.abs(((at + 0.5 + 256) % 512) - 256) < 8;
  // Around the picture there is nothing that a network could see.
  for (let y = 64; y < height - 64; y++) {
    for (let x = 64; x < width - 64; x++) {
      const into = errors[isNear(x) || isNear(y) ? 'border' : 'interior'];
      for (let i = (y * width + x) * 3; i < (y * width + x + 1) * 3; i++) {
        into.sum += (255 * values[i]! - picture.data[i]!) ** 2;
        into.count++;
      }
    }
  }
  const mean = ({ sum, count }: { sum: number; count: number }) => sum / count;
  expect(mean(errors.border)).toBeGreaterThan(0.95 * mean(errors.interior));
  expect(mean(errors.border)).toBeLessThan(1.05 * mean(errors.interior));
});

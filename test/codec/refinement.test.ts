import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelShelf, type OpenModel, openModelShelf } from '../../src/codec/model-shelf.js';
import { stepsOf, weightAt } from '../../src/codec/refinement/effort.js';
import { TileRefiner, type TileSource } from '../../src/codec/refinement/refine-tile.js';
import { qualityToPosition } from '../../src/container/quality.js';
import { tileGrid } from '../../src/geometry.js';
import { tilePixels } from '../../src/image/tile-pixels.js';
import { machineEncoder } from '../../src/networks/machine/encoder.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { CHELSEA, TINY_MODEL } from '../session/helpers.js';

let shelf: ModelShelf;
let model: OpenModel;
let source: TileSource;
beforeAll(async () => {
  shelf = openModelShelf({ backend: 'wasm', platform: nodePlatform, model: TINY_MODEL });
  model = await shelf.encodingModel('semantic');
  const picture = await loadPicture(CHELSEA, { maxSide: 100 });
  const tile = tileGrid(picture.width, picture.height).tile(0);
  const pixels = () => tilePixels(picture, tile);
  const networks = await model.networks();
  const analysed = model.latents.analyse(tile, await networks.run(machineEncoder, { rgb: pixels() }));
  source = { tile, analysed, pixels };
});
afterAll(() => shelf.dispose());

const work = { yieldTurn: async () => {} };
const position = qualityToPosition(40);

describe.each([true, false])('refinement of a tile, with heads: %s', (detects) => {
  const open = async () => TileRefiner.open(await model.networks(), source, detects, work);
  const weight = weightAt(position, 100 * 67);

  test('lowers bits and distortion, weighed as it was asked to', async () => {
    const refiner = await open();
    const plain = await refiner.plain(position);
    const refined = await refiner.refine({ position, steps: 16, weight });
    const cost = ({ payload, distortion }: typeof plain) => 8 * payload.bytes.length + weight * distortion;
    expect(plain.payload).toEqual(source.analysed.encode(position));
    expect(cost(refined!)).toBeLessThan(0.98 * cost(plain));
  });

  test('gives the same symbols again', async () => {
    const goal = { position, steps: 3, weight };
    const [first, second] = [await (await open()).refine(goal), await (await open()).refine(goal)];
    expect(first).toEqual(second);
    expect(first!.payload).not.toEqual(source.analysed.encode(position));
  });

  test('keeps to a budget, or gives nothing', async () => {
    const refiner = await open();
    const budgetBytes = source.analysed.encode(position).bytes.length;
    const goal = { position: qualityToPosition(30), steps: 8, weight };
    const refined = await refiner.refine({ ...goal, budgetBytes });
    expect(refined!.payload.bytes.length).toBeLessThanOrEqual(budgetBytes);
    expect(refined!.distortion).toBeLessThan((await refiner.plain(position)).distortion);
    expect(await refiner.refine({ ...goal, budgetBytes: 4 })).toBeUndefined();
  });

  test('measures less as decoders see more', async () => {
    const refiner = await open();
    const distortions: number[] = [];
    for (const quality of [1, 50, 100]) {
      distortions.push((await refiner.plain(qualityToPosition(quality))).distortion);
    }
    expect(distortions[1]).toBeLessThan(distortions[0]!);
    expect(distortions[2]).toBeLessThan(distortions[1]!);
    expect(distortions[2]).toBeGreaterThan(0);
  });
});

test('steps double from effort to effort, and a unit of distortion is worth more as quality rises', () => {
  expect([1, 2, 3, 9].map(stepsOf)).toEqual([0, 2, 4, 256]);
  const at = (quality: number, pixels = 224 ** 2) => weightAt(qualityToPosition(quality), pixels);
  expect(at(1)).toBeCloseTo(1500, 6);
  expect(at(20) / 4300).toBeCloseTo(1, 2);
  expect(at(50) / 17700).toBeCloseTo(1, 2);
  expect(at(100)).toBeGreaterThan(at(75));
  expect(at(20, 2 * 224 ** 2)).toBeCloseTo(2 * at(20), 6);
});

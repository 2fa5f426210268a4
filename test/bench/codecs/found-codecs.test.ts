import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openViewCodec } from '../../../src/bench/codecs/dicm-view.js';
import { findCodecs, knownCodecIds } from '../../../src/bench/codecs/find-codecs.js';
import { openModelShelf } from '../../../src/codec/model-shelf.js';
import { psnr } from '../../../src/evaluation/psnr.js';
import { nodePlatform } from '../../../src/platform/node/node-platform.js';
import { codecOver } from '../../../src/session/open-codec.js';
import { TINY_MODEL } from '../../session/helpers.js';
import { writeTinyView } from '../../session/view-model.js';
import { drawnPicture } from '../drawn-picture.js';

const models = await mkdtemp(join(tmpdir(), 'dicm-codecs-'));
await cp(TINY_MODEL, join(models, 'tiny'), { recursive: true });
await writeTinyView(join(models, 'view'));
const shelf = openModelShelf({ platform: nodePlatform, backend: 'wasm', model: models });
const dicm = codecOver(shelf);
afterAll(async () => {
  await dicm.dispose();
  await rm(models, { recursive: true });
});

const openView = () => openViewCodec(dicm, shelf);
const { found, missing } = await findCodecs(process.env.PATH ?? '', undefined, openView);
for (const { id, reason } of missing) console.log(`not tested: ${id}: ${reason}`);

test('every codec is either found or missing', () => {
  expect([...found, ...missing].map(({ id }) => id).sort()).toEqual(knownCodecIds().sort());
  expect(found.map(({ id }) => id).slice(0, 4)).toEqual(['dicm-view', 'jpeg', 'webp', 'avif']);
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
    expect(psnr(picture.data, good.data)).toBeGreaterThan(psnr(picture.data, poor.data));
    // What the small model of the view layer keeps is a tenth of the coefficients.
    expect(psnr(picture.data, good.data)).toBeGreaterThan(codec.id === 'dicm-view' ? 18 : 24);
    if (codec.payloadName !== undefined) {
      expect(large.payloadBytes).toBeLessThan(large.bytes.length);
      expect(large.payloadBytes).toBeGreaterThan(large.bytes.length - 200);
    }
  });

  test('names a version that identifies its results', () => {
    expect(codec.version).toMatch(/\d/);
    expect([...codec.settings]).not.toEqual([]);
  });

  test('has its settings between that of its smallest files and that of its largest', async () => {
    const { smallest, largest } = codec.range;
    const picture = drawnPicture(64, 48);
    const [least, most] = [
      await codec.encode(picture, smallest, {}),
      await codec.encode(picture, largest, {}),
    ];
    expect(least.bytes.length).toBeLessThan(most.bytes.length);
    for (const setting of codec.settings) {
      expect(setting).toBeGreaterThanOrEqual(Math.min(smallest, largest));
      expect(setting).toBeLessThanOrEqual(Math.max(smallest, largest));
    }
  });
});

test('the view layer is missing where there is no model of it', async () => {
  const alone = openModelShelf({ platform: nodePlatform, backend: 'wasm', model: TINY_MODEL });
  const codec = codecOver(alone);
  const opened = await openViewCodec(codec, alone);
  await codec.dispose();
  expect(opened).toMatchObject({ id: 'dicm-view', reason: expect.stringContaining('perceptual profile') });
});

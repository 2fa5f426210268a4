import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  benchmark,
  type Codec,
  classify,
  type DicmError,
  decodeFeatures,
  detect,
  drawOverlay,
  encode,
  openCodec,
  readInfo,
  segment,
  verify,
  writePicture,
} from '../../src/index.js';
import { MODELS, PHOTOS } from '../cli/run-cli.js';

const PHOTO = join(PHOTOS, 'chelsea.png');
const CODEC = { model: join(MODELS, 'tiny'), backend: 'wasm' } as const;
const FOUND = { width: 8, height: 8, detections: [] };

let codec: Codec;
let file: Uint8Array;
beforeAll(async () => {
  codec = await openCodec(CODEC);
  file = (await codec.encode(PHOTO, { quality: 20, maxSide: 64 })).bytes;
});
afterAll(() => codec.dispose());

/** A call with options that types would not let through. */
type Loose = (options: Record<string, unknown> | number | null) => Promise<unknown>;

/** What a call rejects with. */
async function refusal(call: Loose, options: Parameters<Loose>[0]): Promise<DicmError> {
  const ended: unknown = await call(options).then(
    () => 'resolved',
    (error: unknown) => error,
  );
  return ended as DicmError;
}

/** Every call of the library that takes options, with a name of one that it has. */
const CALLS: readonly [name: string, has: string, call: Loose][] = [
  ['codec.encode', 'quality', (options) => codec.encode(PHOTO, options as object)],
  ['codec.decodeFeatures', 'layer', (options) => codec.decodeFeatures(file, options as object)],
  ['codec.streamFeatures', 'region', (options) => codec.streamFeatures(file, options as object)],
  ['codec.decodePicture', 'region', (options) => codec.decodePicture(file, options as object)],
  ['codec.streamPicture', 'signal', (options) => codec.streamPicture(file, options as object)],
  ['codec.decodeLatents', 'prefix', (options) => codec.decodeLatents(file, options as object)],
  ['codec.classify', 'minScore', (options) => codec.classify(file, options as object)],
  ['codec.detect', 'maxDetections', (options) => codec.detect(file, options as object)],
  ['codec.segment', 'maxDetections', (options) => codec.segment(file, options as object)],
  ['codec.embed', 'region', (options) => codec.embed(file, options as object)],
  ['codec.analyze', 'tasks', (options) => codec.analyze(file, options as never)],
  ['codec.analyzePixels', 'maxSide', (options) => codec.analyzePixels(PHOTO, options as never)],
  ['codec.analyzePicture', 'detect', (options) => codec.analyzePicture({} as never, options as never)],
  ['codec.verify', 'prefix', (options) => codec.verify(file, options as object)],
  ['codec.measureBits', 'signal', (options) => codec.measureBits(file, options as object)],
  ['openCodec', 'backend', (options) => openCodec(options as object)],
  ['encode', 'quality', (options) => encode(PHOTO, { ...CODEC, ...(options as object) })],
  ['decodeFeatures', 'layer', (options) => decodeFeatures(file, { ...CODEC, ...(options as object) })],
  ['classify', 'region', (options) => classify(file, { ...CODEC, ...(options as object) })],
  ['detect', 'prefix', (options) => detect(file, { ...CODEC, ...(options as object) })],
  ['segment', 'minScore', (options) => segment(file, { ...CODEC, ...(options as object) })],
  ['verify', 'prefix', (options) => verify(file, { ...CODEC, ...(options as object) })],
  ['drawOverlay', 'tolerateDamage', (options) => drawOverlay(FOUND, options as object)],
  ['writePicture', 'format', (options) => writePicture({} as never, options as object)],
  ['benchmark', 'pixelNetwork', (options) => benchmark(options as never)],
];

describe.each(CALLS)('%s', (name, has, call) => {
  test('refuses a misspelt option with the one that may be meant', async () => {
    const misspelt = has.slice(0, -1);
    expect(await refusal(call, { [misspelt]: 1 })).toMatchObject({
      ...{ name: 'UsageError', code: 'unknown-option' },
      message: `${name.replace('codec.', '')} has no option ${misspelt}; ${has} may be meant`,
    });
  });

  test('refuses a name that is far from all, with those there are', async () => {
    const error = await refusal(call, { somethingElse: undefined });
    expect(error.code).toBe('unknown-option');
    expect(error.message).toMatch(new RegExp(`no option somethingElse; it has .*\\b${has}\\b`));
  });
});

test.each(CALLS.filter(([name]) => name.startsWith('codec.')))(
  '%s refuses options that are no object',
  async (_, __, call) => {
    expect((await refusal(call, 40)).code).toBe('unknown-option');
    expect((await refusal(call, null)).code).toBe('unknown-option');
  },
);

test('no call is left out', () => {
  const withoutOptions = ['openBackend', 'openModel', 'readVocabulary', 'dispose'];
  const tested = CALLS.map(([name]) => name.replace('codec.', ''));
  expect(Object.keys(codec).filter((name) => !tested.includes(name))).toEqual(withoutOptions);
});

test('options within options', async () => {
  const tasks = ['detect'] as const;
  const misspelt = { minscore: 0.5 } as object;
  await expect(codec.analyze(file, { tasks, detect: misspelt })).rejects.toMatchObject({
    ...{ code: 'unknown-option', message: 'detect of analyze has no option minscore; minScore may be meant' },
  });
  const limits = { maxTile: 4 } as object;
  await expect(openCodec({ limits })).rejects.toMatchObject({
    ...{ code: 'bad-limit', message: 'there is no limit maxTile; maxTiles may be meant' },
  });
  expect(() => readInfo(file, limits)).toThrow(expect.objectContaining({ code: 'bad-limit' }));
  await expect(drawOverlay(FOUND, { source: PHOTO, limits })).rejects.toMatchObject({ code: 'bad-limit' });
});

test('options without a value are none', async () => {
  const nothing = { quality: undefined, targetBytes: undefined, signal: undefined, layers: undefined };
  const { bytes } = await codec.encode(PHOTO, { ...nothing, maxSide: 64 });
  expect(bytes.length).toBeGreaterThan(20);
  await expect(codec.analyze(file, undefined as never)).rejects.toMatchObject({ code: 'no-tasks' });
});

test('one-shot calls take what the calls of a codec take', async () => {
  const part = { region: { x: 0, y: 0, width: 200, height: 200 }, prefix: false };
  const features = await decodeFeatures(file, { ...CODEC, ...part, layer: 'layer2' });
  const same = await codec.decodeFeatures(file, { ...part, layer: 'layer2' });
  expect(features.data).toEqual(same.data);
  expect(features.area).toEqual(same.area);
  const { predictions } = await classify(file, { ...CODEC, ...part, top: 3 });
  expect(predictions).toEqual((await codec.classify(file, { ...part, top: 3 })).predictions);
});

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Codec, openCodec } from '../../src/index.js';
import { CHELSEA, TINY_MODEL } from './helpers.js';

const model = fileURLToPath(new URL('../../packages/model-r50', import.meta.url));
let [float, int8]: Codec[] = [];
let file: Uint8Array;

beforeAll(async () => {
  float = await openCodec({ model, backend: 'onnx' });
  int8 = await openCodec({ model, precision: 'int8' });
  file = (await float.encode(CHELSEA, { quality: 60 })).bytes;
});
afterAll(async () => {
  await float!.dispose();
  await int8!.dispose();
});

test('answers of the released model are nearly the same in 8 bits', async () => {
  const [wanted, found] = await Promise.all(
    [float!, int8!].map((codec) => codec.analyze(file, { tasks: ['classify', 'segment'], top: 1000 })),
  );
  const scores = new Map(found!.predictions!.map(({ index, score }) => [index, score]));
  expect(found!.predictions![0]!.index).toBe(wanted!.predictions![0]!.index);
  // Kullback-Leibler divergence in nats; over photographs its mean is .003.
  const divergence = wanted!.predictions!.reduce(
    (sum, { index, score }) => sum + score * Math.log(score / scores.get(index)!),
    0,
  );
  expect(divergence).toBeGreaterThan(0);
  expect(divergence).toBeLessThan(0.05);
  expect(wanted!.detections!.length).toBeGreaterThan(0);
  expect(found!.detections!.map(({ label }) => label)).toEqual(wanted!.detections!.map(({ label }) => label));
  for (const [i, { box, score }] of wanted!.detections!.entries()) {
    expect(Math.abs(found!.detections![i]!.score - score)).toBeLessThan(0.1);
    expect(Math.abs(found!.detections![i]!.box.width - box.width)).toBeLessThan(0.05 * box.width);
  }
});

test('files, vectors and features are the same as without', async () => {
  expect((await int8!.encode(CHELSEA, { quality: 60 })).bytes).toEqual(file);
  expect((await int8!.embed(file)).embedding).toEqual((await float!.embed(file)).embedding);
  expect((await int8!.decodeFeatures(file)).data).toEqual((await float!.decodeFeatures(file)).data);
  const layer = { layer: 'layer4' } as const;
  expect((await int8!.decodeFeatures(file, layer)).data).toEqual(
    (await float!.decodeFeatures(file, layer)).data,
  );
});

test('a model without ranges is refused, and the executors that have no integers are', async () => {
  const tiny = await openCodec({ model: TINY_MODEL, precision: 'int8' });
  const { bytes } = await tiny.encode(CHELSEA);
  await expect(tiny.classify(bytes)).rejects.toMatchObject({
    name: 'ModelError',
    code: 'no-ranges',
    message: expect.stringContaining(TINY_MODEL),
  });
  await tiny.dispose();
  const wasm = await openCodec({ model, backend: 'wasm', precision: 'int8' });
  await expect(wasm.classify(file)).rejects.toMatchObject({ code: 'bad-precision' });
  await wasm.dispose();
});

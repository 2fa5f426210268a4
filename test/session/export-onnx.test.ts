import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Codec, exportOnnx, type OnnxFile } from '../../src/index.js';
import { copyTiny } from '../model/tiny-copies.js';
import { relativeError } from '../nn/op-vectors.js';
import { CHELSEA, openTiny, TINY_MODEL } from './helpers.js';
import { writeTinyView } from './view-model.js';

/** The part of onnxruntime that runs a file as any program would: from its bytes alone. */
interface Runtime {
  InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      inputNames: string[];
      outputNames: string[];
      run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array; dims: number[] }>>;
    }>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => unknown;
}

function loadRuntime(): Runtime | undefined {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  try {
    return createRequire(import.meta.url)('onnxruntime-node') as Runtime;
  } catch {
    console.warn(
      'skipped: running exported networks: the optional package onnxruntime-node is not installed',
    );
    return undefined;
  }
}

const runtime = loadRuntime();

async function exported(model: string): Promise<Map<string, OnnxFile>> {
  const files = new Map<string, OnnxFile>();
  for await (const file of exportOnnx(model)) files.set(file.name, file);
  return files;
}

async function run(file: OnnxFile, inputs: Record<string, { data: Float32Array; dims: number[] }>) {
  const session = await runtime!.InferenceSession.create(file.bytes);
  expect(session.inputNames).toEqual(Object.keys(file.inputs));
  expect(session.outputNames).toEqual(file.outputs);
  const feeds = Object.entries(inputs).map(([name, { data, dims }]) => {
    return [name, new runtime!.Tensor('float32', data, dims)];
  });
  return session.run(Object.fromEntries(feeds));
}

describe.runIf(runtime !== undefined)('networks as ONNX files', () => {
  let codec: Codec;
  let bytes: Uint8Array;
  let files: Map<string, OnnxFile>;
  beforeAll(async () => {
    codec = await openTiny();
    bytes = (await codec.encode(CHELSEA, { quality: 60 })).bytes;
    files = await exported(TINY_MODEL);
  });

  test('give what the library gives, one after another', async () => {
    const { y } = await codec.decodeLatents(bytes);
    const latent = { data: y.data, dims: [1, y.height, y.width, y.channels] };
    const { f3 } = await run(files.get('features.onnx')!, { latent });
    const own = await codec.decodeFeatures(bytes);
    expect(f3!.dims).toEqual([1, own.height, own.width, own.channels]);
    expect(relativeError(f3!.data, own.data)).toBeLessThan(1e-4);

    const tail = await run(files.get('tail.onnx')!, { f3: f3! });
    for (const layer of ['layer2', 'layer3', 'layer4'] as const) {
      const { data } = await codec.decodeFeatures(bytes, { layer });
      expect(relativeError(tail[layer]!.data, data), layer).toBeLessThan(1e-4);
    }
    const { embedding } = await codec.embed(bytes);
    expect(tail.embedding!.dims).toEqual([1, embedding.length]);
    expect(relativeError(tail.embedding!.data, embedding)).toBeLessThan(1e-4);
    const logits = [...tail.logits!.data];
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - Math.max(...logits)), 0);
    const { predictions } = await codec.classify(bytes, { top: 3 });
    for (const { index, score } of predictions) {
      expect(Math.exp(logits[index]! - Math.max(...logits)) / sum).toBeCloseTo(score, 4);
    }

    const { layer2, layer3, layer4 } = tail;
    const heads = await run(files.get('heads.onnx')!, { layer2: layer2!, layer3: layer3!, layer4: layer4! });
    expect(heads.mask!.dims).toEqual([1, own.height, own.width, expect.any(Number)]);
    // The best object is the best logit of all positions and categories.
    const best = Math.max(...[2, 3, 4].flatMap((level) => [...heads[`level${level}.classes`]!.data]));
    const { detections } = await codec.detect(bytes, { minScore: 0, maxDetections: 1 });
    expect(1 / (1 + Math.exp(-best))).toBeCloseTo(detections[0]!.score, 4);
  });

  test('of a view is its picture', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dicm-export-'));
    afterAll(() => rm(folder, { recursive: true }));
    const view = await exported(await writeTinyView(join(folder, 'view')));
    expect([...view.keys()]).toEqual(['picture.onnx', 'graphs.json']);
    const grey = { data: new Float32Array(2 * 3 * 32), dims: [1, 2, 3, 32] };
    const { rgb } = await run(view.get('picture.onnx')!, { latent: grey });
    expect(rgb!.dims).toEqual([1, 32, 48, 3]);
    expect(rgb!.data.every((value) => value === 0.5)).toBe(true);
  });
});

test('weights lie in the files as small as they are stored', async () => {
  const files = await exported(TINY_MODEL);
  expect([...files.keys()]).toEqual(['features.onnx', 'tail.onnx', 'heads.onnx', 'graphs.json']);
  const total = [...files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  // The model has 1.14 MB with everything else that it holds; in binary32 these three would have over 3.
  expect(total).toBeLessThan(1_138_578);
});

test('the list beside them says of which model they are, and what is in them', async () => {
  const files = await exported(TINY_MODEL);
  const { graphs, ...model } = JSON.parse(new TextDecoder().decode(files.get('graphs.json')!.bytes));
  const manifest = JSON.parse(await readFile(join(TINY_MODEL, 'manifest.json'), 'utf8'));
  const { name, version, decodeId, renderId, licence } = manifest;
  expect(model).toEqual({ schema: 'dicm.graphs/1', name, version, decodeId, renderId, licence, opset: 20 });
  const described = [...files.values()].slice(0, -1).map(({ name: file, bytes, inputs, outputs }) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { file, bytes: bytes.length, sha256, inputs, outputs };
  });
  expect(graphs).toEqual(described);
});

test('a model with another render id than it states is not exported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dicm-export-'));
  afterAll(() => rm(folder, { recursive: true }));
  await copyTiny(folder, (manifest) => {
    manifest.renderId = '0'.repeat(64);
  });
  await expect(exported(folder)).rejects.toMatchObject({ code: 'model-damaged' });
});

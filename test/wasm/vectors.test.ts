import { beforeAll, describe, expect, test } from 'vitest';
import { type FlatTables, hex, readVectors } from '../entropy/fixtures.js';
import * as hyper from '../hyperprior/fixtures.js';
import { CODES, CoreHost, TENSORS, type Values } from './core-host.js';

// The numpy reference wrote these vectors; neither side shares code with the other.

/** A core with a set of tables as its factorised ones, and whatever else it needs for symbols. */
async function openWith({ cdf, size, offset }: FlatTables): Promise<[CoreHost, number]> {
  const host = await CoreHost.open();
  const laidOut = host.core.layOut(size.length, 1024, 32, 32, 32, cdf.length, 64 * 3, 1);
  if (laidOut !== 0) return [host, laidOut];
  const gaussian = [
    Array.from({ length: 64 }, () => 2),
    Array.from({ length: 64 }, () => 0),
    Array.from({ length: 64 }, () => [0, 1, 65536]).flat(),
  ];
  return [
    host,
    host.loadFrom(
      0,
      [size, offset, cdf, ...gaussian].map((values) => Int32Array.from(values)),
    ),
  ];
}

const symbols = readVectors<{
  tables: FlatTables;
  vectors: { name: string; values: number[]; indexes: number[]; bytes: string }[];
}>('symbols.json');

describe('symbols', () => {
  let host: CoreHost;
  beforeAll(async () => {
    const [opened, status] = await openWith(symbols.tables);
    expect(status).toBe(0);
    host = opened;
  });

  test.each(symbols.vectors)('$name', ({ values, indexes, bytes }) => {
    host.write('latentSymbols', Int32Array.from(values));
    host.write('latentIndexes', Uint8Array.from(indexes));
    expect(host.core.encodeSymbols(0, values.length)).toBe(0);
    expect(hex(host.payload())).toBe(bytes);

    host.write('latentSymbols', new Int32Array(values.length));
    host.send(Buffer.from(bytes, 'hex'));
    expect(host.core.decodeSymbols(0, values.length, bytes.length / 2)).toBe(0);
    expect([...host.integers('latentSymbols', values.length)]).toEqual(values);
  });
});

const refusals = readVectors<{
  tables: FlatTables;
  vectors: { name: string; bytes: string; indexes: number[]; code: string }[];
}>('payload-refusals.json');

describe('refused payloads', () => {
  test.each(refusals.vectors)('$name', async ({ bytes, indexes, code }) => {
    const [host] = await openWith(refusals.tables);
    host.write('latentIndexes', Uint8Array.from(indexes));
    host.send(Buffer.from(bytes, 'hex'));
    expect(CODES.get(host.core.decodeSymbols(0, indexes.length, bytes.length / 2))).toBe(code);
  });
});

describe('refused tables', () => {
  const { vectors } = readVectors<{ vectors: ({ name: string } & FlatTables)[] }>('table-refusals.json');
  test.each(vectors)('$name', async (tables) => {
    const { size, offset } = tables;
    const [, status] = await openWith(tables);
    // Numbers of tables and offsets are extents.
    const areExtents = size.length < 1 || size.length > 256 || offset.length !== size.length;
    expect(CODES.get(status)).toBe(areExtents ? 'bad-tensor' : 'bad-tables');
  });
});

describe('hyper-synthesis', () => {
  let host: CoreHost;
  let channels: number;
  beforeAll(async () => {
    host = await CoreHost.open();
    const { tensors } = hyper.readModel();
    channels = tensors.get('hs.out.bias')!.data.length / 2;
    expect(host.load(tensors)).toBe(0);
  });

  test.each(hyper.readSynthesisVectors())(
    '$name',
    ({ latentHeight, latentWidth, z, meanSha256, scaleSha256 }) => {
      host.write('hyperSymbols', Int32Array.from(z));
      expect(host.core.predict(latentHeight, latentWidth)).toBe(0);
      const count = latentHeight * latentWidth * channels;
      expect(hyper.sha256(host.floats('mean', count))).toBe(meanSha256);
      expect(hyper.sha256(host.floats('scale', count))).toBe(scaleSha256);
    },
  );
});

describe('refused models', () => {
  const vectors = hyper.readModelRefusals();
  const model = hyper.readModel().tensors;
  // A missing tensor is the host's to notice, and other dimensions of as many values too.
  const seen = vectors.filter(({ code, tensor, shape }) => {
    const { length } = model.get(tensor)!.data;
    return code === 'bad-tensor' && shape?.reduce((a, b) => a * b, 1) !== length;
  });
  test('leave something to see', () => expect(seen.length).toBeGreaterThan(30));

  test.each(seen)('$name', async ({ tensor: name, shape, bits, code }) => {
    const tensors = new Map(hyper.readModel().tensors) as Map<
      string,
      { shape: readonly number[]; data: Float32Array }
    >;
    if (shape !== undefined) {
      tensors.set(name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    } else {
      const { data } = tensors.get(name)!;
      data[data.length - 1] = hyper.floats(bits!)[0]!;
    }
    const host = await CoreHost.open();
    expect(CODES.get(host.load(tensors as Values))).toBe(code);
  });
});

describe('gains', () => {
  const vectors = hyper.readGainVectors();

  /** A model of three channels whose hyper-synthesis gives 1 as mean and half the tables as scale of everything. */
  function flatModel(vector: (typeof vectors)[number]): Values {
    const zeros = (...shape: number[]) => ({
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
    const integers = (...values: number[]) => ({ shape: [values.length], data: Int32Array.from(values) });
    const values = new Map<string, { shape: number[]; data: Int32Array | Float32Array }>();
    const widths: Record<string, [number, number]> = {
      'hs.in': [32, 1],
      'hs.up1': [128, 32],
      'hs.up2': [128, 32],
      'hs.out': [6, 32],
      qkv: [96, 32],
      proj: [32, 32],
      mlp1: [64, 32],
      mlp2: [32, 64],
    };
    for (const name of TENSORS) {
      if (!name.startsWith('hs.')) continue;
      const layer = Object.keys(widths).find((part) => name.split(/\.(?:weight|bias)$/)[0]!.endsWith(part));
      const [outputs, inputs] = layer === undefined ? [32, name.includes('cpe') ? 9 : 1] : widths[layer]!;
      values.set(name, name.endsWith('bias') ? zeros(outputs) : zeros(outputs, inputs));
    }
    values.get('hs.out.bias')!.data.set([1, 1, 1, 32, 32, 32]);
    values.set('entropy.factorised.size', integers(2));
    values.set('entropy.factorised.offset', integers(0));
    values.set('entropy.factorised.cdf', integers(0, 65535, 65536));
    const all = Array.from({ length: 64 });
    values.set('entropy.gaussian.size', integers(...all.map(() => 2)));
    values.set('entropy.gaussian.offset', integers(...all.map(() => 0)));
    values.set('entropy.gaussian.cdf', integers(...all.flatMap(() => [0, 65535, 65536])));
    const { levels, log2, log2Inverse, indexPerOctave } = vector;
    values.set('gain.log2', { shape: [levels, 3], data: hyper.floats(log2) });
    values.set('gain.log2_inverse', { shape: [levels, 3], data: hyper.floats(log2Inverse) });
    values.set('gain.index_per_octave', { shape: [], data: hyper.floats(indexPerOctave) });
    return values;
  }

  test.each(vectors)('$name', async (vector) => {
    const host = await CoreHost.open();
    expect(host.load(flatModel(vector))).toBe(0);
    // The symbol 0 of a mean of 1 is decoded to gain times inverse gain, and its table shows the index offset.
    host.write('hyperSymbols', new Int32Array(1));
    expect(host.core.predict(1, 1)).toBe(0);
    const { gain, inverseGain, indexOffset } = vector;
    const [gains, inverses, offsets] = [gain, inverseGain, indexOffset].map(hyper.floats);
    new Float32Array(host.core.memory.buffer, host.core.latents(), 3).fill(1);
    expect(host.core.encodeTile(1, 1, vector.position)).toBe(0);
    const payload = host.payload();
    host.send(payload);
    const check = host.core.integerCheck();
    expect(host.core.decodeTile(1, 1, vector.position, payload.length, check)).toBe(0);
    const { fround } = Math;
    const indexes = new Uint8Array(host.core.memory.buffer, host.core.latentIndexes(), 3);
    expect([...host.integers('latentSymbols', 3)]).toEqual([0, 0, 0]);
    expect([...host.floats('latents', 3)]).toEqual([...gains!].map((g, c) => fround(g * inverses![c]!)));
    expect([...indexes]).toEqual(
      [...offsets!].map((o) => Math.min(Math.max(Math.floor(fround(fround(32 + o) + 0.5)), 0), 63)),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { decodeSymbols } from '../../src/entropy/decode-symbols.js';
import { encodeSymbols } from '../../src/entropy/encode-symbols.js';
import { RangeDecoder } from '../../src/entropy/range-decoder.js';
import { RangeEncoder } from '../../src/entropy/range-encoder.js';
import { latentCostBits } from '../../src/entropy/symbol-cost.js';
import { ModelError } from '../../src/errors.js';
import { codeOf, type FlatTables, hex, readVectors, tablesOf } from './fixtures.js';

// The numpy reference wrote these vectors; neither side shares code with the other.

const coder = readVectors<{ vectors: { name: string; symbols: [number, number][]; bytes: string }[] }>(
  'range-coder.json',
);
const symbols = readVectors<{
  tables: FlatTables;
  vectors: { name: string; values: number[]; indexes: number[]; bytes: string }[];
}>('symbols.json');
const refusals = readVectors<{
  tables: FlatTables;
  vectors: { name: string; bytes: string; indexes: number[]; code: string }[];
}>('payload-refusals.json');
const tableRefusals = readVectors<{ vectors: ({ name: string } & FlatTables)[] }>('table-refusals.json');

describe('range coder', () => {
  test.each(coder.vectors)('$name', ({ symbols, bytes }) => {
    const encoder = new RangeEncoder(16);
    for (const [start, frequency] of symbols) encoder.encode(start, frequency);
    expect(hex(encoder.finish())).toBe(bytes);

    const decoder = new RangeDecoder(Buffer.from(bytes, 'hex'));
    for (const [start, frequency] of symbols) {
      const unit = decoder.peek();
      expect(unit >= start && unit < start + frequency).toBe(true);
      decoder.consume(start, frequency);
    }
    decoder.finish();
  });
});

describe('symbols', () => {
  const tables = tablesOf(symbols.tables);
  test.each(symbols.vectors)('$name', ({ values, indexes, bytes }) => {
    const encoder = new RangeEncoder();
    encodeSymbols(encoder, Int32Array.from(values), Uint8Array.from(indexes), tables);
    const payload = encoder.finish();
    expect(hex(payload)).toBe(bytes);

    const out = new Int32Array(values.length);
    const decoder = new RangeDecoder(payload);
    decodeSymbols(decoder, out, Uint8Array.from(indexes), tables);
    decoder.finish();
    expect([...out]).toEqual(values);

    const bits = latentCostBits(Int32Array.from(values), Uint8Array.from(indexes), tables);
    expect(payload.length * 8).toBeLessThan(bits * 1.001 + 64);
    expect(payload.length * 8).toBeGreaterThan(bits - 32);
  });
});

describe('refused payloads', () => {
  const tables = tablesOf(refusals.tables);
  test.each(refusals.vectors)('$name', ({ bytes, indexes, code }) => {
    const run = () => {
      const decoder = new RangeDecoder(Buffer.from(bytes, 'hex'), 'tile 3');
      decodeSymbols(decoder, new Int32Array(indexes.length), Uint8Array.from(indexes), tables);
      decoder.finish();
    };
    expect(codeOf(run)).toBe(code);
    expect(run).toThrow(/\(in tile 3\)/);
  });
});

describe('refused tables', () => {
  test.each(tableRefusals.vectors)('$name', (flat) => {
    expect(() => tablesOf(flat)).toThrow(ModelError);
    expect(codeOf(() => tablesOf(flat))).toBe('bad-tables');
  });
});

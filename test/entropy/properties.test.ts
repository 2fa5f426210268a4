import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSymbols } from '../../src/entropy/decode-symbols.js';
import { encodeSymbols } from '../../src/entropy/encode-symbols.js';
import { RangeDecoder } from '../../src/entropy/range-decoder.js';
import { RangeEncoder } from '../../src/entropy/range-encoder.js';
import {
  channelCostBits,
  latentCostBits,
  positionCostBits,
  tableEntropyBits,
} from '../../src/entropy/symbol-cost.js';
import { FormatError, UsageError } from '../../src/errors.js';
import { factorisedIndexes } from '../../src/latents/factorised-indexes.js';
import { bellTables, codeOf } from './fixtures.js';

const scales = Array.from({ length: 64 }, (_, i) => 0.11 * 2 ** ((i / 63) * Math.log2(64 / 0.11)));
const tables = bellTables(scales);
const factorised = bellTables([1, 2, 3]);

function encode(symbols: Int32Array, indexes: Uint8Array): Uint8Array {
  const encoder = new RangeEncoder(16);
  encodeSymbols(encoder, symbols, indexes, tables);
  return encoder.finish();
}

function decode(bytes: Uint8Array, indexes: Uint8Array): Int32Array {
  const decoder = new RangeDecoder(bytes);
  const out = new Int32Array(indexes.length);
  decodeSymbols(decoder, out, indexes, tables);
  decoder.finish();
  return out;
}

/** Draws from the tables with a generator of its own, so that the cost is the entropy. */
function draw(count: number, seed: number, tableOf: (u: number) => number) {
  let state = seed;
  const unit = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
  const symbols = new Int32Array(count);
  const indexes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const table = tableOf(unit() / 65536);
    const position = unit();
    let s = 0;
    while (tables.cumulative[tables.starts[table]! + s + 1]! <= position) s++;
    symbols[i] = tables.offset[table]! + s;
    indexes[i] = table;
  }
  return { symbols, indexes };
}

const latents = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 63 }),
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -4, max: 4 }) },
        { weight: 2, arbitrary: fc.integer({ min: -300, max: 300 }) },
        { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
      ),
    ),
    { maxLength: 400 },
  )
  .map((pairs) => ({
    indexes: Uint8Array.from(pairs.map(([index]) => index)),
    symbols: Int32Array.from(pairs.map(([, symbol]) => symbol)),
  }));

describe('every sequence of integers', () => {
  test('comes back, from a stream hardly longer than the tables say', () => {
    fc.assert(
      fc.property(latents, ({ symbols, indexes }) => {
        const bytes = encode(symbols, indexes);
        expect(decode(bytes, indexes)).toEqual(symbols);
        const bits = latentCostBits(symbols, indexes, tables);
        expect(Math.abs(bytes.length * 8 - bits)).toBeLessThan(0.001 * bits + 16);
      }),
      { numRuns: 300 },
    );
  });

  test('has one stream: a changed one is refused or stands for other integers', () => {
    fc.assert(
      fc.property(latents, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ symbols, indexes }, at, flip) => {
        const bytes = encode(symbols, indexes);
        if (bytes.length === 0) return;
        const changed = bytes.slice();
        changed[at % bytes.length]! ^= flip;
        let other: Int32Array;
        try {
          other = decode(changed, indexes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        expect(other).not.toEqual(symbols);
      }),
      { numRuns: 1000 },
    );
  });

  test('has no stream with zeros behind it, nor with other bytes', () => {
    fc.assert(
      fc.property(latents, fc.integer({ min: 1, max: 9 }), ({ symbols, indexes }, count) => {
        const zeros = Uint8Array.from([...encode(symbols, indexes), ...new Uint8Array(count)]);
        expect(codeOf(() => decode(zeros, indexes))).toBe('trailing-payload');
      }),
    );
    fc.assert(
      fc.property(latents, fc.uint8Array({ minLength: 1, maxLength: 9 }), ({ symbols, indexes }, more) => {
        const padded = Uint8Array.from([...encode(symbols, indexes), ...more]);
        if (codeOf(() => decode(padded, indexes)) === 'none') {
          // The bytes led out of the final interval, into that of other integers.
          expect(decode(padded, indexes)).not.toEqual(symbols);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('arbitrary bytes end in integers or in a FormatError', () => {
  const indexes = Uint8Array.from({ length: 500 }, (_, i) => i % 64);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        // What is accepted must be what an encoder makes of it.
        expect(encode(decode(bytes, indexes), indexes)).toEqual(bytes);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test('cut streams are refused, but for the rare one that is the whole stream of other integers', () => {
  const { symbols, indexes } = draw(3000, 5, (u) => Math.floor(u * 64));
  const bytes = encode(symbols, indexes);
  let accepted = 0;
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (codeOf(() => decode(cut, indexes)) === 'truncated-payload') continue;
    // Another code than this one would be a cut taken for other damage.
    const other = decode(cut, indexes);
    expect(other).not.toEqual(symbols);
    expect(encode(other, indexes)).toEqual(cut);
    accepted++;
  }
  expect(accepted).toBeLessThanOrEqual(2);
});

test('a million symbols take at most 0.1 % and 8 bytes more than the entropy of their tables', () => {
  const mixes: ((u: number) => number)[] = [
    (u) => Math.floor(64 * u),
    (u) => Math.floor(20 * u),
    () => 0,
    () => 63,
  ];
  mixes.forEach((tableOf, seed) => {
    const { symbols, indexes } = draw(1_000_000, seed + 1, tableOf);
    const bytes = encode(symbols, indexes);
    // Escape codes are bypass bits, on top of the tables' entropy but not beside the coder's accuracy.
    const bits = latentCostBits(symbols, indexes, tables);
    expect(bytes.length).toBeLessThanOrEqual((bits / 8) * 1.001 + 8);
    let entropy = 0;
    for (const index of indexes) entropy += tableEntropyBits(tables, index);
    expect(bits).toBeGreaterThan(entropy * 0.99);
    expect(bits).toBeLessThan(entropy * 1.02);
  });
});

test('hyper-latents use the table of their channel, in one stream with the latents', () => {
  const z = Int32Array.from({ length: 12 }, (_, i) => i - 6);
  const { symbols, indexes } = draw(50, 9, (u) => Math.floor(64 * u));
  const encoder = new RangeEncoder();
  encodeSymbols(encoder, z, factorisedIndexes(z.length, 3, factorised), factorised);
  encodeSymbols(encoder, symbols, indexes, tables);
  const decoder = new RangeDecoder(encoder.finish());
  const zBack = new Int32Array(12);
  const back = new Int32Array(50);
  decodeSymbols(decoder, zBack, factorisedIndexes(zBack.length, 3, factorised), factorised);
  decodeSymbols(decoder, back, indexes, tables);
  decoder.finish();
  expect(zBack).toEqual(z);
  expect(back).toEqual(symbols);

  const byHand = new RangeEncoder();
  encodeSymbols(byHand, z, Uint8Array.from([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]), factorised);
  const alone = new RangeEncoder();
  encodeSymbols(alone, z, factorisedIndexes(z.length, 3, factorised), factorised);
  expect(alone.finish()).toEqual(byHand.finish());
});

test('costs by channel and by position add up to the whole', () => {
  const { symbols, indexes } = draw(600, 3, (u) => Math.floor(64 * u));
  symbols[17] = 123456;
  const whole = latentCostBits(symbols, indexes, tables);
  const channels = channelCostBits(symbols, indexes, tables, 6);
  const positions = positionCostBits(symbols, indexes, tables, 6);
  expect(channels.length).toBe(6);
  expect(positions.length).toBe(100);
  expect(channels.reduce((a, b) => a + b)).toBeCloseTo(whole, 6);
  expect(positions.reduce((a, b) => a + b)).toBeCloseTo(whole, 6);
  expect(positions[2]).toBeGreaterThan(30);
});

test('misuse is refused', () => {
  const encoder = new RangeEncoder();
  expect(() => encoder.encode(65536, 1)).toThrow(UsageError);
  expect(() => encoder.encode(5, 0)).toThrow(UsageError);
  expect(() => encoder.encode(Number.NaN, 1)).toThrow(UsageError);
  expect(() => encoder.encodeBits(4, 2)).toThrow(UsageError);
  expect(() => encoder.encodeBits(0, 17)).toThrow(UsageError);
  expect(codeOf(() => encodeSymbols(encoder, new Int32Array(2), new Uint8Array(1), tables))).toBe(
    'length-mismatch',
  );
  expect(codeOf(() => encodeSymbols(encoder, new Int32Array(1), Uint8Array.of(64), tables))).toBe(
    'bad-table-index',
  );
  expect(
    codeOf(() =>
      encodeSymbols(
        encoder,
        new Int32Array(4),
        factorisedIndexes(new Int32Array(4).length, 4, factorised),
        factorised,
      ),
    ),
  ).toBe('channel-mismatch');
  expect(
    codeOf(() =>
      encodeSymbols(
        encoder,
        new Int32Array(4),
        factorisedIndexes(new Int32Array(4).length, 3, factorised),
        factorised,
      ),
    ),
  ).toBe('channel-mismatch');
  encoder.finish();
  expect(codeOf(() => encoder.finish())).toBe('encoder-finished');
});

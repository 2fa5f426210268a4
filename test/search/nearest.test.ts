import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findDuplicates, openIndex, search } from '../../src/index.js';
import { BestNeighbours } from '../../src/search/nearest.js';
import { MADE, madeEntry, madeVector, searchFolder, seeded, writeIndex } from './made-index.js';

const folder = searchFolder();

/** Cosine by its definition. */
function cosine(a: Int8Array, b: Int8Array): number {
  let [product, one, other] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    one += a[i]! ** 2;
    other += b[i]! ** 2;
  }
  return product / Math.sqrt(one * other);
}

test('the best are those that sorting gives', () => {
  const likenesses = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 });
  fc.assert(
    fc.property(likenesses, fc.integer({ min: 1, max: 12 }), (all, most) => {
      const best = new BestNeighbours(most);
      for (const [file, likeness] of all.entries()) if (likeness > best.floor) best.add(file, likeness);
      const sorted = all
        .map((likeness, file) => ({ file, likeness }))
        .sort((a, b) => b.likeness - a.likeness || a.file - b.file);
      expect(best.sorted()).toEqual(sorted.slice(0, most));
    }),
  );
});

describe('search by likeness', () => {
  const entries = Array.from({ length: 300 }, (_, i) => madeEntry(i + 1));
  const path = join(folder, 'likeness.dicmdex');

  test('finds what comparing all by the definition finds, in its order', async () => {
    await writeIndex(path, entries);
    const index = await openIndex(path);
    for (const seed of [1, 500, 501, 502]) {
      const values = madeVector(seed);
      const found = [...search(index, { like: { values, space: MADE.space }, top: 7 })];
      const expected = entries
        .map((entry) => ({ path: entry.path, distance: 1 - cosine(entry.vector.values, values) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 7);
      expect(found.map((hit) => hit.path)).toEqual(expected.map((one) => one.path));
      for (const [i, hit] of found.entries()) expect(hit.distance).toBeCloseTo(expected[i]!.distance, 6);
    }
    index.close();
  });

  test('only among files of which a query holds, and without the one that is left out', async () => {
    const index = await openIndex(path);
    const like = entries[10]!.vector;
    const found = [
      ...search(index, { like, where: 'width > 410 and width <= 415', except: 'coded/11.dicm', top: 10 }),
    ];
    expect(found.map((hit) => hit.path).sort()).toEqual([12, 13, 14, 15].map((n) => `coded/${n}.dicm`));
    expect([...search(index, { like, top: 1 })][0]!.path).toBe('coded/11.dicm');
    index.close();
  });

  test('20 unless asked otherwise', async () => {
    const index = await openIndex(path);
    expect([...search(index, { like: entries[0]!.vector })].length).toBe(20);
    expect([...search(index, {})].length).toBe(300);
    index.close();
  });
});

describe('copies', () => {
  test('are all pairs within the distance, linked', async () => {
    // Near copies of some vectors: every pair by the definition is what the shortened comparison must find.
    const random = seeded(5);
    const vectors = Array.from({ length: 240 }, (_, i) => {
      const base = madeVector(1 + Math.floor(i / 3), MADE.dimensions);
      const noise = i % 3 === 0 ? 0 : 12 * (1 + (i % 7));
      return base.map((value) => Math.max(-127, Math.min(127, Math.round(value + noise * (random() - 0.5)))));
    });
    const entries = vectors.map((values, i) => madeEntry(i + 1, { vector: { values, space: MADE.space } }));
    const path = join(folder, 'copies.dicmdex');
    await writeIndex(path, entries);
    const index = await openIndex(path);
    for (const within of [0, 0.004, 0.02, 0.3]) {
      const groups = await findDuplicates(index, { within });
      const above = entries.map((_, i) => i);
      const root = (i: number): number => (above[i] === i ? i : root(above[i]!));
      for (let i = 0; i < entries.length; i++) {
        for (let j = i + 1; j < entries.length; j++) {
          if (1 - cosine(vectors[i]!, vectors[j]!) <= within + 1e-6) above[root(j)] = root(i);
        }
      }
      const expected = new Map<number, string[]>();
      for (let i = 0; i < entries.length; i++) {
        expected.set(root(i), [...(expected.get(root(i)) ?? []), String(entries[i]!.path)]);
      }
      const sets = [...expected.values()].filter(({ length }) => length > 1).map((set) => set.sort().join());
      expect(
        groups
          .map(({ files }) =>
            files
              .map((hit) => String(hit.path))
              .sort()
              .join(),
          )
          .sort(),
      ).toEqual(sets.sort());
    }
    index.close();
  });

  test('the largest picture comes first, with the distance of the others to it', async () => {
    const values = madeVector(3);
    const other = values.map((value, i) => (i === 5 ? value - 1 : value));
    const path = join(folder, 'largest.dicmdex');
    await writeIndex(path, [
      madeEntry(1, { vector: { values, space: MADE.space } }),
      madeEntry(2, { vector: { values: other, space: MADE.space }, height: 999 }),
      madeEntry(3),
      madeEntry(4),
    ]);
    const index = await openIndex(path);
    const groups = await findDuplicates(index, { where: 'width != 404' });
    expect(groups.map(({ files }) => files.map((hit) => hit.path))).toEqual([
      ['coded/2.dicm', 'coded/3.dicm', 'coded/1.dicm'],
    ]);
    const [first, second] = groups[0]!.files;
    expect(first!.distance).toBe(0);
    expect(second!.distance).toBeGreaterThan(0);
    await expect(findDuplicates(index, { within: 2 })).rejects.toMatchObject({ code: 'bad-distance' });
    await expect(findDuplicates(index, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    index.close();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type IndexEntry, type NewIndex, openIndexWriter } from '../../src/index.js';

/** What indexes of these tests are made with: vectors of 40 dimensions, four classes, three categories. */
export const MADE: NewIndex = {
  model: 'made-up',
  decodeId: '01234567',
  renderId: '89ab',
  space: '89ab-01234567',
  dimensions: 40,
  minClassScore: 0.02,
  minObjectScore: 0.3,
  classes: [
    { index: 0, wnid: 'n00000001', label: 'tench' },
    { index: 1, wnid: 'n00000002', label: 'beach wagon' },
    { index: 2, wnid: 'n00000003', label: 'seashore' },
    { index: 3, wnid: 'n00000004', label: "carpenter's kit" },
  ],
  categories: [
    { id: 12, name: 'dog' },
    { id: 15, name: 'person' },
    { id: 16, name: 'pottedplant' },
  ],
};

/** A folder that is removed after the tests of the file. */
export function searchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-search-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Numbers that are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A vector whose direction a seed decides. */
export function madeVector(seed: number, dimensions = MADE.dimensions): Int8Array {
  const random = seeded(seed);
  for (let i = 0; i < 5; i++) random();
  return Int8Array.from({ length: dimensions }, () => Math.round(254 * random() - 127));
}

/** An entry; what is not given follows from its number. */
export function madeEntry(number: number, given: Partial<IndexEntry> = {}): IndexEntry {
  return {
    path: `coded/${number}.dicm`,
    bytes: 500 + number,
    modifiedMs: 1_700_000_000_000 + number,
    sha256: new Uint8Array(32).fill(number % 256),
    width: 400 + number,
    height: 300,
    codedWidth: 288,
    codedHeight: 216,
    quality: 50,
    vector: { values: madeVector(number), space: MADE.space },
    classes: [],
    objects: [],
    ...given,
  };
}

/** An object of a category. */
export function madeObject(categoryId: number, score: number): IndexEntry['objects'][0] {
  return { categoryId, score, box: { x: 10.4, y: 20.6, width: 30, height: 40 } };
}

/** Writes an index. */
export async function writeIndex(
  path: string,
  entries: readonly IndexEntry[],
  made: NewIndex = MADE,
): Promise<void> {
  const writer = await openIndexWriter(path, made);
  try {
    writer.put(entries);
  } finally {
    writer.close();
  }
}

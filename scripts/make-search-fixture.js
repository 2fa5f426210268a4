// Makes fixtures/search: a small index of made-up files, and what searching in it finds, for readers in other languages.
//   npm run build && node scripts/make-search-fixture.js
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openIndex, openIndexWriter, search } from '#dicm/index.js';

const INDEX = fileURLToPath(new URL('../fixtures/search/made.dicmdex', import.meta.url));
const ANSWERS = fileURLToPath(new URL('../fixtures/search/answers.json', import.meta.url));
const FILES = 60;
const DIMENSIONS = 40;
const SPACE = '89ab-01234567';

const made = {
  model: 'made-up',
  decodeId: '01234567',
  renderId: '89ab',
  space: SPACE,
  dimensions: DIMENSIONS,
  minClassScore: 0.02,
  minObjectScore: 0.3,
  classes: ['tench', 'beach wagon', 'seashore'].map((label, index) => ({
    index,
    wnid: `n0000000${index}`,
    label,
  })),
  categories: [
    { id: 12, name: 'dog' },
    { id: 15, name: 'person' },
  ],
};

/** @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param {number} number */
function entry(number) {
  const random = generator(number);
  for (let i = 0; i < 4; i++) random();
  const values = Int8Array.from({ length: DIMENSIONS }, () => Math.round(254 * random() - 127));
  const objects = Array.from({ length: number % 4 }, (_, n) => ({
    categoryId: n % 2 === 0 ? 12 : 15,
    score: 0.9 - 0.1 * n,
    box: { x: 10 * n, y: 20, width: 30, height: 40 + number },
  }));
  return {
    // One of a name that is no UTF-8.
    path: number === 7 ? Uint8Array.of(0x63, 0xff, 0x2e, 0x64) : `coded/${number}.dicm`,
    bytes: 500 + number,
    modifiedMs: 1_700_000_000_000 + number,
    sha256: new Uint8Array(32).fill(number),
    width: 640,
    height: 400 + number,
    codedWidth: 288,
    codedHeight: 200,
    quality: 50,
    vector: { values, space: SPACE },
    classes: number % 3 === 0 ? [{ index: number % 2, score: 0.5 }] : [],
    objects,
  };
}

rmSync(INDEX, { force: true });
const writer = await openIndexWriter(INDEX, made);
writer.put(Array.from({ length: FILES }, (_, i) => entry(i + 1)));
writer.remove(['coded/13.dicm']);
writer.close();

const index = await openIndex(INDEX);
/** @param {string | Uint8Array} path */
const text = (path) => (typeof path === 'string' ? path : { hex: Buffer.from(path).toString('hex') });
const likes = [entry(1), entry(29), entry(1000)].map(({ vector }) => ({
  like: [...vector.values],
  hits: [...search(index, { like: vector, top: 10 })].map(({ path, distance }) => ({
    path: text(path),
    distance,
  })),
}));
const files = [...search(index, {})].map((hit) => ({ ...hit, path: text(hit.path) }));
writeFileSync(ANSWERS, `${JSON.stringify({ about: index.about, likes, files })}\n`);
index.close();

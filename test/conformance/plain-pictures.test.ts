import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { drawPlainPictures, PLAIN_QUALITIES } from '../../scripts/support/plain-pictures.js';
import { openCodec } from '../../src/index.js';

/** Bytes at each quality, by picture, by decode and render id. */
type Sizes = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

const released: Sizes = JSON.parse(
  readFileSync(new URL('../../fixtures/released/plain-pictures.json', import.meta.url), 'utf8'),
);
const codec = await openCodec({ model: fileURLToPath(new URL('../../packages', import.meta.url)) });
afterAll(() => codec.dispose());
const { decodeId, renderId } = await codec.openModel();
const id = `${decodeId}-${renderId}`;
const sizes = released[id];
const pictures = await drawPlainPictures();

/** Executors round differently, and noise has many coefficients next to a threshold: up to 1.1 % was seen. */
const within = (bytes: number) => 4 + 0.02 * bytes;

// What a model does with flat, noisy and striped pictures, which no figure over photographs shows. The list is written
// for each release; a model that is being worked on has none yet.
const unlisted = `no sizes are listed for ${id}: scripts/make-released-files.js lists those of a release`;
describe.skipIf(sizes === undefined)(sizes === undefined ? unlisted : `with ${id}`, () => {
  test.each(pictures.map(({ name, png }) => [name, sizes?.[name]?.join(', '), png] as const))(
    '%s costs %s bytes',
    async (name, _listed, png) => {
      const listed = sizes![name]!;
      for (const [index, quality] of PLAIN_QUALITIES.entries()) {
        const { bytes } = await codec.encode(png, { quality });
        const difference = Math.abs(bytes.length - listed[index]!);
        const found = `${name} at quality ${quality}: ${bytes.length} bytes`;
        expect(difference, found).toBeLessThanOrEqual(within(listed[index]!));
        await codec.verify(bytes);
      }
    },
  );
});

test('every release lists the same pictures', () => {
  const names = pictures.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(released).length).toBeGreaterThan(0);
  for (const listed of Object.values(released)) {
    expect(Object.keys(listed)).toEqual(names);
    for (const bytes of Object.values(listed)) expect(bytes).toHaveLength(PLAIN_QUALITIES.length);
  }
});

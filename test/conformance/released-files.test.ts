import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Codec, openCodec } from '../../src/index.js';

interface ReleasedFile {
  file: string;
  decodeId: string;
  bytes: number;
  hyperLatentSha256: string;
  latentSha256: Readonly<Record<string, string>>;
  latentShape: [number, number, number];
  top1: Readonly<Record<string, string>>;
}

const folder = new URL('../../fixtures/released/', import.meta.url);
const files: ReleasedFile[] = JSON.parse(readFileSync(new URL('files.json', folder), 'utf8'));
let codec: Codec;

function sha256({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

beforeAll(async () => {
  codec = await openCodec({ model: fileURLToPath(new URL('../../packages', import.meta.url)) });
});

afterAll(() => codec.dispose());

// Files that were written when a model was released. They open with every later version, to the same integers, and with
// each model of their decode id to its own dequantised latents: inverse gains may be trained anew, which the render id
// tells. training/tests/test_reference_released.py reads them with the other implementation.
describe.each(files)('$file', ({ file, decodeId, bytes, ...expected }) => {
  test('decodes to the integers it was written from', async () => {
    const data = await readFile(new URL(file, folder));
    expect(data.length).toBe(bytes);
    const { y, z, model } = await codec.decodeLatents(data);
    expect(model.decodeId).toBe(decodeId);
    expect([y.height, y.width, y.channels]).toEqual(expected.latentShape);
    expect(sha256(z.data)).toBe(expected.hyperLatentSha256);
    expect(sha256(y.data)).toBe(expected.latentSha256[model.renderId]);
  });

  test('is still recognised', async () => {
    const { model, predictions } = await codec.classify(await readFile(new URL(file, folder)), { top: 3 });
    // Each model of the decode id has its own first answer; near ties may fall either way on another executor.
    expect(predictions.map(({ label }) => label)).toContain(expected.top1[model.renderId]);
  });
});

test('there are released files to keep open', () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
});

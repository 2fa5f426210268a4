import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { psnr } from '../../src/evaluation/psnr.js';
import { type Codec, openCodec } from '../../src/index.js';

interface KeptFile {
  file: string;
  decodeId: string;
  bytes: number;
  hyperLatentSha256: string;
  latentSha256: Readonly<Record<string, string>>;
  latentShape: [number, number, number];
}

interface ReleasedFile extends KeptFile {
  top1: Readonly<Record<string, string>>;
}

interface ReleasedView extends KeptFile {
  photograph: string;
  /** Decibels, by render id. */
  psnr: Readonly<Record<string, number>>;
}

const folder = new URL('../../fixtures/released/', import.meta.url);
const views = new URL('view/', folder);
const readList = (place: URL) => JSON.parse(readFileSync(new URL('files.json', place), 'utf8'));
const files: ReleasedFile[] = readList(folder);
const viewFiles: ReleasedView[] = readList(views);
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
async function expectKept(place: URL, { file, decodeId, bytes, ...expected }: KeptFile): Promise<void> {
  const data = await readFile(new URL(file, place));
  expect(data.length).toBe(bytes);
  const { header, y, z, model } = await codec.decodeLatents(data);
  expect(header.decodeId).toBe(decodeId);
  expect([y.height, y.width, y.channels]).toEqual(expected.latentShape);
  expect(sha256(z.data)).toBe(expected.hyperLatentSha256);
  expect(sha256(y.data)).toBe(expected.latentSha256[model.renderId]);
}

describe.each(files)('$file', ({ file, ...expected }) => {
  test('decodes to the integers it was written from', () => expectKept(folder, { file, ...expected }));

  test('is still recognised', async () => {
    const { model, predictions } = await codec.classify(await readFile(new URL(file, folder)), { top: 3 });
    // Each model of the decode id has its own first answer; near ties may fall either way on another executor.
    expect(predictions.map(({ label }) => label)).toContain(expected.top1[model.renderId]);
  });
});

describe.each(viewFiles)('$file', ({ file, photograph, psnr: expected, ...rest }) => {
  test('decodes to the integers it was written from', () => expectKept(views, { file, ...rest }));

  test('is as near to its photograph as it was', async () => {
    const { data, model } = await codec.decodePicture(await readFile(new URL(file, views)));
    const source = fileURLToPath(new URL(`../../fixtures/images/${photograph}`, import.meta.url));
    const decibels = psnr(await sharp(source).removeAlpha().raw().toBuffer(), data);
    expect(Math.abs(decibels - expected[model.renderId]!)).toBeLessThan(0.02);
  });
});

test('there are released files to keep open', () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
  expect(viewFiles.length).toBeGreaterThanOrEqual(2);
});

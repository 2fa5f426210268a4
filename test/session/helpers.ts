import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import { type Codec, type CodecOptions, openCodec } from '../../src/index.js';

/** The tiny seeded model. */
export const TINY_MODEL = resolve(import.meta.dirname, '../../fixtures/models/tiny');
/** Photographs that come with the project. */
const PHOTOS = resolve(import.meta.dirname, '../../fixtures/images');
/** One of them. */
export const CHELSEA = join(PHOTOS, 'chelsea.png');

/** Opens a codec with the tiny model that is closed after the tests of the file. */
export async function openTiny(options: CodecOptions = {}): Promise<Codec> {
  const codec = await openCodec({ model: TINY_MODEL, backend: 'wasm', ...options });
  afterAll(() => codec.dispose());
  return codec;
}

/** A photograph enlarged to a size, as PNG. */
export async function photo(width: number, height: number, name = 'coffee.png'): Promise<Uint8Array> {
  const png = await sharp(join(PHOTOS, name)).resize(width, height, { fit: 'fill' }).png().toBuffer();
  return new Uint8Array(png);
}

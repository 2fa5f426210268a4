import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { addDigest } from '../../src/index.js';
import { sha256 } from '../../src/platform/node/sha256.js';
import { openTiny, photo } from './helpers.js';
import { addLayer } from './layered-file.js';

const codec = await openTiny();
const image = await photo(96, 64);

test('encode adds the digest that verify compares, and nothing else', async () => {
  const plain = await codec.encode(image, { quality: 40 });
  const { bytes, bpp, digest } = await codec.encode(image, { quality: 40, digest: true });
  expect(plain.digest).toBeUndefined();
  expect(bytes).toHaveLength(plain.bytes.length + 34);
  expect(bpp).toBe((8 * bytes.length) / (96 * 64));
  expect(digest).toBe(createHash('sha256').update(bytes.subarray(0, -38)).digest('hex'));
  expect(readDicm(bytes).tiles).toEqual(readDicm(plain.bytes).tiles);
  const layers = [{ profile: 'semantic', proved: true }];
  expect(await codec.verify(bytes)).toEqual({ layers, digest });
  expect(await codec.verify(plain.bytes)).toEqual({ layers });
});

test('a target counts the digest', async () => {
  for (const targetBytes of [300, 400]) {
    const encoded = await codec.encode(image, { targetBytes, digest: true });
    expect(encoded.bytes.length).toBeLessThanOrEqual(targetBytes);
    const without = await codec.encode(image, { targetBytes: targetBytes - 34 });
    expect(encoded.bytes).toHaveLength(without.bytes.length + 34);
  }
  const least = await codec.encode(image, { targetBytes: 1, digest: true });
  expect(least).toMatchObject({ targetBytes: 1, targetReached: false, quality: 1 });
});

test('verify refuses a file whose checksum was mended, where nothing else shows it', async () => {
  const { bytes } = await codec.encode(image, { quality: 40, digest: true });
  const file = readDicm(bytes);
  // Another photograph behind the same header, whole in itself: every check but the digest holds.
  const other = readDicm((await codec.encode(await photo(96, 64, 'rocket.jpg'), { quality: 40 })).bytes);
  const { qualityPosition } = other.header;
  const swapped = writeDicm({ ...file, header: { ...file.header, qualityPosition }, tiles: other.tiles });
  await expect(codec.verify(swapped)).rejects.toMatchObject({ name: 'FormatError', code: 'digest-mismatch' });
  const { ancillary: _, ...rest } = readDicm(swapped);
  await codec.verify(writeDicm({ ...rest, ancillary: [] }));
  // Others need not look at it.
  expect((await codec.classify(swapped)).predictions.length).toBeGreaterThan(0);
});

test('a prefix has no digest, and does not need that of its file', async () => {
  const { whole } = addLayer((await codec.encode(image, { quality: 40 })).bytes);
  const { bytes, digest } = await addDigest(whole, sha256);
  expect(await codec.verify(bytes)).toMatchObject({ digest });
  const broken = bytes.slice();
  broken[bytes.length - 10]! ^= 1;
  new DataView(broken.buffer).setUint32(bytes.length - 4, crc32(broken.subarray(0, -4)));
  await expect(codec.verify(broken)).rejects.toMatchObject({ code: 'digest-mismatch' });
  expect(await codec.verify(broken, { prefix: true })).toEqual({
    layers: [{ profile: 'semantic', proved: true }],
  });
});

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { addDigest, checkDigest } from '../../src/container/digest.js';
import { joinLayers } from '../../src/container/join-layers.js';
import { cutPrefix, openPrefix } from '../../src/container/open-prefix.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { readInfo } from '../../src/container/read-info.js';
import { stripLayer } from '../../src/container/strip-layer.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { sha256 } from '../../src/platform/node/sha256.js';
import { layeredFile, sampleFile } from './samples.js';

const exif = { tag: 3, name: 'exif', data: Uint8Array.from([1, 2, 3, 4, 5]) };
const zeros = { tag: 6, name: 'digest', data: new Uint8Array(32) };

/** The same bytes with a file checksum that holds. */
function mended(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, crc32(bytes.subarray(0, end)));
  return bytes;
}

const outcomeOf = (bytes: Uint8Array) =>
  checkDigest(bytes, sha256).then(
    () => 'holds',
    (error: { code: string }) => error.code,
  );

describe.each([
  ['of one layer', writeDicm({ ...sampleFile({ versionMinor: 1 }), ancillary: [exif] })],
  ['of two layers', writeDicm({ ...layeredFile(), ancillary: [exif] })],
])('a file %s', (_name, plain) => {
  test('gets 34 bytes that name all that is before them', async () => {
    const { bytes, digest } = await addDigest(plain, sha256);
    expect(bytes).toHaveLength(plain.length + 34);
    expect([...bytes.subarray(0, plain.length - 4)]).toEqual([...plain.subarray(0, -4)]);
    const hash = createHash('sha256').update(plain.subarray(0, -4)).digest('hex');
    expect(digest).toBe(hash);
    expect(readInfo(bytes).digest).toBe(hash);
    expect(readInfo(plain).digest).toBeUndefined();
    expect(await checkDigest(bytes, sha256)).toBe(hash);
    expect(await checkDigest(plain, sha256)).toBeUndefined();
    expect(readInfo(bytes).sections.at(-1)).toEqual({ tag: 'digest', offset: plain.length - 4, bytes: 34 });
    expect(await addDigest(bytes, sha256)).toEqual({ bytes, digest });
  });

  test('with one byte changed and its checksum mended is not the same', async () => {
    const { bytes } = await addDigest(plain, sha256);
    const outcomes = new Map<string, number>();
    for (let offset = 0; offset < bytes.length - 4; offset++) {
      for (let change = 1; change < 256; change += 2) {
        const changed = bytes.slice();
        changed[offset]! ^= change;
        const outcome = await outcomeOf(mended(changed));
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        // Only a tag or a version by which there is no digest any more makes the file one without.
        if (outcome === 'holds') expect(readInfo(changed).digest, `byte ${offset}`).toBeUndefined();
      }
    }
    expect(outcomes.get('digest-mismatch')).toBeGreaterThan(2000);
    expect(outcomes.get('holds') ?? 0).toBeLessThan(200);
  });
});

test('a file of version 1.0 becomes one of 1.1, unless that gives a section a meaning it did not have', async () => {
  const { bytes } = await addDigest(writeDicm(sampleFile()), sha256);
  expect(bytes[5]).toBe(0x11);
  const foreign = writeDicm({
    ...sampleFile(),
    ancillary: [{ tag: 6, name: '0x06', data: new Uint8Array(3) }],
  });
  await expect(addDigest(foreign, sha256)).rejects.toMatchObject({ code: 'bad-structure' });
});

test('a digest that does not hold is not made anew', async () => {
  const bytes = writeDicm({ ...sampleFile({ versionMinor: 1 }), ancillary: [zeros] });
  await expect(addDigest(bytes, sha256)).rejects.toMatchObject({
    name: 'FormatError',
    code: 'digest-mismatch',
    section: 'digest',
    exitCode: 3,
  });
  expect(readDicm(bytes).ancillary).toEqual([zeros]);
});

test('layers come and go without the digest of the file they come to or go from', async () => {
  const machine = writeDicm(sampleFile());
  const view = writeDicm(sampleFile({ profile: 'perceptual' }));
  const { bytes } = await addDigest(machine, sha256);
  // The version stays: nothing says that only the digest needed it.
  const joined = joinLayers(bytes, view);
  expect(joined).toEqual(joinLayers(machine, view));
  const whole = await addDigest(joined, sha256);
  expect(stripLayer(whole.bytes, 'view')).toEqual(machine);
  expect(cutPrefix(whole.bytes)).toEqual(cutPrefix(joined));
  expect(openPrefix(whole.bytes).file.ancillary).toEqual([]);
});

test.each([
  ['of 31 bytes', [{ ...zeros, data: new Uint8Array(31) }]],
  ['before another section', [zeros, exif]],
  ['twice', [zeros, zeros]],
])('the writer refuses a digest %s', (_name, ancillary) => {
  const file = { ...sampleFile({ versionMinor: 1 }), ancillary };
  expect(() => writeDicm(file)).toThrow(expect.objectContaining({ code: 'bad-structure' }));
});

test('the writer refuses a layer behind a digest', () => {
  const { layers, ...file } = layeredFile();
  const behind = { ...file, layers: [{ ...layers![0]!, ancillaryBefore: 1 }], ancillary: [zeros] };
  expect(() => writeDicm(behind)).toThrow(/nothing may follow the digest/);
});

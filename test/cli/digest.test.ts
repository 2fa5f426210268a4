import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDigest } from '../../src/container/digest.js';
import { readInfo } from '../../src/container/read-info.js';
import { stripLayer } from '../../src/container/strip-layer.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { sha256 } from '../../src/platform/node/sha256.js';
import { layeredFile } from '../container/samples.js';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const file = join(folder, 'photo.dicm');
const changed = join(folder, 'changed.dicm');
let digest: string;

beforeAll(async () => {
  const photo = join(PHOTOS, 'chelsea.png');
  const result = await dicm(['encode', photo, '-o', file, '--max-side', '64', '--digest', '--json']);
  expect(result.exitCode, result.stderr).toBe(0);
  const bytes = new Uint8Array(await readFile(file));
  digest = readInfo(bytes).digest!;
  expect(jsonLines(result)[0]).toMatchObject({ schema: 'dicm.encode/1', digest, bytes: bytes.length });
  // The source is said to be one pixel wider, and the checksum is mended: nothing but the digest shows it.
  bytes[19]!++;
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)));
  expect(readInfo(bytes).header).toMatchObject({ sourceWidth: 452, sourceHeight: 300 });
  await writeFile(changed, bytes);
});

describe('dicm verify', () => {
  test('says that the digest holds', async () => {
    const [object] = jsonLines(await dicm(['verify', file, '--json']));
    expect(object).toMatchObject({ schema: 'dicm.verify/1', ok: true, digest });
    const { exitCode, stderr } = await dicm(['verify', file, '-v']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`its digest holds: ${digest}`)]);
    expect(await dicm(['verify', file])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('refuses a file that was changed by who mended its checksum', async () => {
    const result = await dicm(['verify', changed, '--json']);
    expect(result.exitCode).toBe(3);
    expect(jsonLines(result)[0]).toMatchObject({ ok: false, error: { code: 'digest-mismatch' } });
    expect((await dicm(['verify', changed])).stderr).toMatch(
      /checksum of the file holds and its digest does not/,
    );
  });
});

test('dicm inspect shows it, and says who compares it', async () => {
  const { stdout } = await dicm(['inspect', changed]);
  expect(stdout).toMatch(new RegExp(`^ +digest +SHA-256 ${digest}, compared by verify$`, 'm'));
  expect(jsonLines(await dicm(['inspect', changed, '--json']))[0]).toMatchObject({ digest, version: '1.1' });
  const fields = await dicm(['inspect', 'bitstream', changed]);
  expect(fields.stdout).toContain(`SHA-256 ${digest} of the`);
});

describe('dicm strip', () => {
  const layered = writeDicm(layeredFile());

  test('makes it anew for what is left', async () => {
    const { bytes } = await addDigest(layered, sha256);
    const result = await dicm(['strip', '-', '--layer', 'view'], { stdin: bytes });
    const { bytes: expected } = await addDigest(stripLayer(layered, 'view'), sha256);
    expect([result.exitCode, [...result.bytes]]).toEqual([0, [...expected]]);
  });

  test('does not make one anew that does not hold', async () => {
    const zeros = { tag: 6, name: 'digest', data: new Uint8Array(32) };
    const stdin = writeDicm({ ...layeredFile(), ancillary: [zeros] });
    const result = await dicm(['strip', '-', '--layer', 'view', '--json', '-o', join(folder, 'no.dicm')], {
      stdin,
    });
    expect([result.exitCode, jsonLines(result)[0]?.code]).toEqual([3, 'digest-mismatch']);
  });
});

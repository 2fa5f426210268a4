import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openNpzShard } from '../../../src/cli/shards/npz-shard.js';
import { scratchFolder } from '../run-cli.js';
import { askPython, whyNoPython } from './python.js';

const root = scratchFolder();
const METADATA = { layer: 'f3', dtype: 'float32', model: 'm', decodeId: 'd', renderId: 'r' };
const READ = `
import json, sys, numpy
with numpy.load(sys.argv[1]) as arrays:
    print(json.dumps([len(arrays.files), arrays.files[-1], arrays[arrays.files[-1]].tolist()]))`;

const ZEROS = new Uint8Array(2 ** 26);

/** A file into which {@link ZEROS} are not written, so that they take no room on the disk. */
function sparseFile(path: string) {
  const descriptor = openSync(path, 'w');
  const write = async (bytes: Uint8Array, at: number) => {
    if (bytes !== ZEROS) writeSync(descriptor, bytes, 0, bytes.length, at);
  };
  const close = (sizeBytes: number) => {
    ftruncateSync(descriptor, sizeBytes);
    closeSync(descriptor);
  };
  return { write, close };
}

test('more entries than 16 bits count, and none but those that were ended', async ({ skip }) => {
  const reason = whyNoPython('numpy');
  if (reason !== undefined) {
    console.warn(`skipped: large .npz files in Python: ${reason}`);
    skip();
  }
  const path = join(root, 'many.npz');
  const { write, close } = sparseFile(path);
  const shard = openNpzShard(write, [], METADATA);
  for (let index = 0; index < 65_600; index++) {
    await shard.begin({ name: `a/${index}`, type: 'float32', shape: [1] });
    await shard.append(new Uint8Array(Float32Array.of(index).buffer));
    if (index !== 10) await shard.end([1, 1]);
  }
  close(await shard.finish());
  expect(askPython(READ, path)).toEqual([65_599, 'a/65599', [65_599]]);
});

test('an entry, and one behind it, beyond 4 GiB', async ({ skip }) => {
  const reason = process.platform === 'linux' ? whyNoPython('numpy') : 'sparse files are those of Linux here';
  if (reason !== undefined) {
    console.warn(`skipped: large .npz files in Python: ${reason}`);
    skip();
  }
  const path = join(root, 'large.npz');
  const { write, close } = sparseFile(path);
  const shard = openNpzShard(write, [], METADATA);
  await shard.begin({ name: 'zeros', type: 'float16', shape: [65, 2 ** 25] });
  for (let index = 0; index < 65; index++) await shard.append(ZEROS);
  await shard.end([1, 1]);
  await shard.begin({ name: 'last', type: 'int32', shape: [2] });
  await shard.append(new Uint8Array(Int32Array.of(3, -4).buffer));
  await shard.end([1, 1]);
  close(await shard.finish());
  const script = `${READ}
import zipfile
assert zipfile.ZipFile(sys.argv[1]).getinfo('zeros.npy').file_size > 2 ** 32`;
  expect(askPython(script, path)).toEqual([2, 'last', [3, -4]]);
});

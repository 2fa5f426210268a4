import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkHeadRoom } from '../../../src/cli/shards/safetensors-shard.js';
import { readSafetensors } from '../../../src/model/safetensors.js';
import { dicm, MODELS, PHOTOS, PROGRAM, ROOT, scratchFolder } from '../run-cli.js';
import { runHere } from '../run-here.js';
import { askPython, whyNoPython } from './python.js';

const root = scratchFolder();
const coded = join(root, 'coded');
const WASM = ['--backend', 'wasm'];
/** In the order of the inputs; `d` is no .dicm file. */
const NAMES = ['astronaut', 'd', 'rocket', 'x/astronaut'];

beforeAll(async () => {
  mkdirSync(join(coded, 'x'), { recursive: true });
  for (const [photo, side] of [
    ['astronaut.png', '64'],
    ['rocket.jpg', '96'],
  ] as const) {
    const args = ['encode', join(PHOTOS, photo), '-o', `${coded}/`, '--max-side', side, ...WASM];
    const { exitCode, stderr } = await runHere(args);
    expect(exitCode, stderr).toBe(0);
  }
  writeFileSync(join(coded, 'x/astronaut.dicm'), readFileSync(join(coded, 'astronaut.dicm')));
  writeFileSync(join(coded, 'd.dicm'), 'no .dicm file');
});

/** Decodes the folder into shards in a new folder of the name. */
function shard(name: string, ...args: string[]) {
  return runHere(['decode', '-r', coded, '-o', join(root, name), '--shard', ...args, ...WASM]);
}

/** Metadata and arrays of a .safetensors file. */
function open(path: string) {
  const bytes = readFileSync(path);
  const head = bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE()));
  return { metadata: JSON.parse(head).__metadata__, tensors: readSafetensors(bytes, path) };
}

/** What a file decodes to on its own, as bytes. */
async function decodedAlone(name: string, ...args: string[]): Promise<Buffer> {
  const output = join(root, 'alone.safetensors');
  const result = await runHere(['decode', join(coded, `${name}.dicm`), '-o', output, '-f', ...args, ...WASM]);
  expect(result.exitCode, result.stderr).toBe(0);
  return Buffer.from([...open(output).tensors.values()][0]!.bytes);
}

describe('.safetensors shards', () => {
  test('hold so many inputs each, named, in their order; one that fails is missing and moves no other', async () => {
    const result = await shard('pairs', '2', '--layer', 'f3', '--dtype', 'float16', '--json', '--jobs', '3');
    expect(result.exitCode, result.stderr).toBe(1);
    expect(result.stderr).toContain('3 done, 0 skipped, 1 failed');
    const [first, second] = [0, 1].map((n) => join(root, `pairs/features-0000${n}.safetensors`)) as [
      string,
      string,
    ];
    expect(readdirSync(join(root, 'pairs'))).toHaveLength(2);
    expect([...open(first).tensors.keys()]).toEqual(['astronaut']);
    const { metadata, tensors } = open(second);
    expect([...tensors.keys()]).toEqual(['rocket', 'x/astronaut']);
    expect(tensors.get('rocket')).toMatchObject({ type: 'F16', shape: [16, 24, 32] });
    for (const [name, tensor] of tensors) {
      const alone = await decodedAlone(name, '--dtype', 'float16');
      expect(Buffer.from(tensor.bytes).equals(alone)).toBe(true);
    }
    expect(metadata).toMatchObject({ layer: 'f3', dtype: 'float16', model: 'tiny' });
    expect(result.objects.map(({ schema, output, arrays }) => [schema, output, arrays])).toEqual([
      ['dicm.decode/1', first, [{ name: 'astronaut', type: 'float16', shape: [16, 16, 32] }]],
      ['dicm.error/1', undefined, undefined],
      ['dicm.shard/1', first, 1],
      ['dicm.decode/1', second, [{ name: 'rocket', type: 'float16', shape: [16, 24, 32] }]],
      ['dicm.decode/1', second, [{ name: 'x/astronaut', type: 'float16', shape: [16, 16, 32] }]],
      ['dicm.shard/1', second, 2],
    ]);
    const { codedSizes, ...said } = metadata;
    expect(JSON.parse(codedSizes)).toEqual({ rocket: [96, 64], 'x/astronaut': [64, 64] });
    expect(result.objects.at(-1)).toMatchObject({ ...said, format: 'safetensors' });
    expect(result.objects.at(-1)!.bytes).toBe(readFileSync(second).length);
  });

  test('may be one file, named', async () => {
    const output = join(root, 'one.safetensors');
    const args = ['decode', '-r', coded, '-o', output, '--layer', 'pooled', '--shard', 'all', ...WASM];
    const result = await runHere(args);
    expect(result.exitCode, result.stderr).toBe(1);
    expect(result.stderr).toContain(`${output}  3 arrays`);
    const { tensors } = open(output);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      NAMES.filter((name) => name !== 'd').map((name) => [name, [256]]),
    );
  });

  test('of which no input can be read is not written', async () => {
    const { exitCode, stderr } = await shard('single', '1', '--layer', 'pooled');
    expect(exitCode, stderr).toBe(1);
    expect(readdirSync(join(root, 'single'))).toEqual([0, 2, 3].map((n) => `features-0000${n}.safetensors`));
  });

  test('damage found half-way leaves nothing of its input', async () => {
    const large = join(root, 'large.dicm');
    const photo = ['encode', join(PHOTOS, 'rocket.jpg'), '--max-side', 'none', '-q', '1', '-o', large];
    expect((await runHere([...photo, ...WASM])).exitCode).toBe(0);
    const { readDicm } = await import('../../../src/container/read-dicm.js');
    const { writeDicm } = await import('../../../src/container/write-dicm.js');
    const { header, tiles } = readDicm(new Uint8Array(readFileSync(large)));
    expect(tiles.length).toBeGreaterThan(1);
    const bytes = tiles.at(-1)!.bytes.slice();
    bytes[8]! ^= 0x55;
    const broken = [...tiles.slice(0, -1), { bytes, check: tiles.at(-1)!.check }];
    const forged = join(root, 'forged.dicm');
    writeFileSync(forged, writeDicm({ header, tiles: broken, ancillary: [] }));
    const output = join(root, 'half.safetensors');
    const whole = join(coded, 'rocket.dicm');
    const result = await runHere(['decode', forged, whole, '-o', output, '--shard', '2', ...WASM]);
    expect(result.exitCode, result.stderr).toBe(1);
    const { tensors } = open(output);
    expect([...tensors.keys()]).toEqual(['rocket']);
    expect(Buffer.from(tensors.get('rocket')!.bytes).equals(await decodedAlone('rocket'))).toBe(true);
  });
});

test('Python reads both kinds of shards, with the same arrays', async ({ skip }) => {
  const reason = whyNoPython('numpy', 'safetensors.numpy');
  if (reason !== undefined) {
    console.warn(`skipped: reading shards in Python: ${reason}`);
    skip();
  }
  for (const format of ['safetensors', 'npz']) {
    const result = await shard('both', '4', '--layer', 'layer4', '--dtype', 'float16', '--format', format);
    expect(result.exitCode, result.stderr).toBe(1);
  }
  const script = `
import json, sys, zipfile, numpy, safetensors.numpy
a = safetensors.numpy.load_file(sys.argv[1] + '.safetensors')
b = numpy.load(sys.argv[1] + '.npz')
archive = zipfile.ZipFile(sys.argv[1] + '.npz')
same = all(a[k].dtype == b[k].dtype and numpy.array_equal(a[k], b[k]) for k in a)
print(json.dumps([sorted(a), list(b.files), same, archive.testzip(), json.loads(archive.comment)['layer']]))`;
  const names = NAMES.filter((name) => name !== 'd');
  expect(askPython(script, join(root, 'both/features-00000'))).toEqual([names, names, true, null, 'layer4']);
});

describe('without --shard', () => {
  test('--format says which kind of files go into a folder', async () => {
    const out = join(root, 'many');
    const args = ['decode', '-r', join(coded, 'x'), '-o', out, '--format', 'safetensors', ...WASM];
    expect((await runHere(args)).exitCode).toBe(0);
    expect([...open(join(out, 'astronaut.safetensors')).tensors.keys()]).toEqual(['f3']);
  });
});

describe('is refused before any work', () => {
  const a = join(coded, 'astronaut.dicm');
  const file = join(root, 'f.safetensors');
  test.each<[string, string[]]>([
    ['shard-name', [a, join(coded, 'x/astronaut.dicm'), '--shard', '2', '-o', root]],
    ['shard-count', ['-r', coded, '--shard', '2', '-o', file]],
    ['shard-stdout', [a, '--shard', '2', '-o', '-']],
    ['format-mismatch', [a, '--shard', '2', '-o', join(root, 'f.npy')]],
    ['format-mismatch', [a, '-o', file, '--format', 'npy']],
    ['option-needs-other', [a, '-o', join(root, 'f.npz')]],
    ['conflictingOption', [a, '--shard', '2', '--skip-existing']],
    ['conflictingOption', [a, '--shard', '2', '--latents']],
    ['invalidArgument', [a, '--shard', '0']],
  ])('%s: %s', async (code, args) => {
    const { exitCode, objects } = await runHere(['decode', ...args, '--json', ...WASM]);
    expect([exitCode, objects.map((object) => object.code)]).toEqual([2, [code]]);
  });

  test('a name that no array can have', async () => {
    const { exitCode, stderr } = await runHere(['decode', join(root, '__metadata__.dicm'), '--shard', 'all']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('[shard-name]')]);
  });

  test('a shard that is there; with -f one that another run left is named', async () => {
    const args = ['--layer', 'pooled'];
    expect((await shard('again', '3', ...args)).exitCode).toBe(1);
    const before = readFileSync(join(root, 'again/features-00000.safetensors'));
    const refused = await shard('again', '3', ...args);
    expect([refused.exitCode, refused.stderr]).toEqual([5, expect.stringContaining('[output-exists]')]);
    const forced = await shard('again', 'all', '-f', ...args);
    expect(forced.exitCode).toBe(1);
    expect(forced.stderr).toContain('features-00001.safetensors and what follows it are of another run');
    expect(readFileSync(join(root, 'again/features-00000.safetensors')).equals(before)).toBe(false);
  });
});

test('a shard of more names than readers of .safetensors take is refused', () => {
  const names = Array.from({ length: 2000 }, (_, i) => `${'x'.repeat(30_000)}/${i}`);
  expect(() => checkHeadRoom('all.safetensors', names)).toThrow(
    expect.objectContaining({ code: 'shard-too-large', message: expect.stringContaining('2000 names') }),
  );
  expect(() => checkHeadRoom('all.safetensors', names.slice(0, 1000))).not.toThrow();
});

test('files of another model do not go into the same shards', async () => {
  const other = join(ROOT, 'fixtures/released/rocket-q5-65-1c1e0cca.dicm');
  const output = join(root, 'models.safetensors');
  const env = { DICM_MODEL_PATH: `${MODELS}:${join(ROOT, 'packages')}` };
  const result = await dicm(['decode', join(coded, 'rocket.dicm'), other, '--shard', 'all', '-o', output], {
    env,
  });
  expect(result.exitCode, result.stderr).toBe(1);
  expect(result.stderr).toContain('[shard-model]');
  expect([...open(output).tensors.keys()]).toEqual(['rocket']);
});

describe.runIf(process.platform === 'linux')('a shard that cannot be finished is not there', () => {
  test.each(['safetensors', 'npz'])('on a full disk (%s)', (format) => {
    const out = join(root, `full-${format}`);
    mkdirSync(out);
    const env = { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' };
    // Two files fit, the third does not: the second shard.
    const args = [PROGRAM, 'decode', '-r', coded, '-o', out, '--shard', '2', '--format', format, ...WASM];
    const limited = ['-c', 'ulimit -f 100; exec "$0" "$@"', process.execPath, ...args];
    let failure: { status: number; stderr: Buffer } | undefined;
    try {
      execFileSync('sh', limited, { env, stdio: 'pipe' });
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure?.status, failure?.stderr.toString()).toBe(5);
    expect(failure?.stderr.toString()).toContain(`features-00001.${format} cannot be written`);
    expect(readdirSync(out)).toEqual([`features-00000.${format}`]);
  });

  test('after an interruption', async () => {
    const out = join(root, 'interrupted');
    mkdirSync(out);
    const preload = join(root, 'interrupt.mjs');
    writeFileSync(
      preload,
      `import { existsSync } from 'node:fs';
      import files from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      import { setTimeout } from 'node:timers/promises';
      const open = files.open;
      let opened = 0;
      files.open = async (path, flags, ...rest) => {
        const file = await open(path, flags, ...rest);
        if (flags === 'wx' && ++opened === 2) {
          // The second one is begun while the first is still being finished.
          while (!existsSync(${JSON.stringify(join(out, 'features-00000.safetensors'))})) await setTimeout(5);
          process.kill(process.pid, 'SIGINT');
        }
        return file;
      };
      syncBuiltinESMExports();`,
    );
    const nodeArgs = ['--import', pathToFileURL(preload).href];
    const args = ['decode', '-r', coded, '-o', out, '--shard', '2', '--jobs', '1', ...WASM];
    const result = await dicm(args, { nodeArgs });
    expect(result.exitCode, result.stderr).toBe(130);
    expect(readdirSync(out)).toEqual(['features-00000.safetensors']);
  });
});

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicm, jsonLines, MODELS, PHOTOS, scratchFolder } from './run-cli.js';
import { runHere } from './run-here.js';

const folder = scratchFolder();
const PHOTO = join(PHOTOS, 'chelsea.png');
const coded = join(folder, 'p.dicm');

beforeAll(async () => {
  const made = await dicm(['encode', PHOTO, '--max-side', '64', '-o', coded]);
  expect(made.exitCode, made.stderr).toBe(0);
  await mkdir(join(folder, 'labelled'));
  await writeFile(join(folder, 'instances.json'), '{}');
});

describe('a file in the place of a command', () => {
  test.each([
    [['analyze', 'p.dicm'], 'dicm analyze classify p.dicm', /classify, detect, segment, all, embed$/],
    [['analyze', 'p.dicm', 'q.dicm', '--json'], 'dicm analyze classify p.dicm', /embed$/],
    [['analyze', './p.dicm'], 'dicm analyze classify ./p.dicm', /embed$/],
    [['analyze', '--top', '3', 'p.dicm'], 'dicm analyze classify p.dicm', /embed$/],
    [
      ['-v', 'analyze', '--min-score=0.5', '--model', './x', 'p.dicm'],
      'dicm analyze classify p.dicm',
      /embed$/,
    ],
    [['analyze', '-'], 'dicm analyze classify -', /embed$/],
    [['bench', 'labelled/'], 'dicm bench classify labelled/', /classify, detect, segment, view$/],
    [['bench', 'labelled'], 'dicm bench classify labelled', /segment, view$/],
    [['bench', 'instances.json'], 'dicm bench detect instances.json', /segment, view$/],
    [['p.dicm'], 'dicm analyze classify p.dicm', /encode, decode, analyze,/],
    [['photo.jpg', '-q', '40'], 'dicm encode photo.jpg', /encode, decode, analyze,/],
  ])('%j', async (args, call, others) => {
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(2);
    const json = args.includes('--json');
    const { code, message } = json
      ? jsonLines(result)[0]!
      : { code: 'missing-command', message: result.stderr.replace(/^error: (.*) \[.*\]\n$/, '$1') };
    expect(code).toBe('missing-command');
    expect(message).toContain(`\`${call}\``);
    expect(message).toMatch(others);
    if (!json) expect(result.stderr).toMatch(/^error: .* \[missing-command\]\n$/);
  });

  test.each([
    [['analyze', 'clasify', 'p.dicm'], "unknown command 'clasify'\n(Did you mean classify?)"],
    [['analyze', 'nothing', 'p.dicm'], "unknown command 'nothing'"],
    [['encod', 'photo.jpg'], "unknown command 'encod'\n(Did you mean encode?)"],
    [['analyze', '--bogus', 'p'], "unknown option '--bogus'"],
    [['bench', 'detct', 'x.json'], "unknown command 'detct'\n(Did you mean detect?)"],
  ])('%j is misspelt', async (args, text) => {
    const result = await dicm(args, { cwd: folder });
    expect([result.exitCode, result.stderr]).toEqual([2, `error: ${text}\n`]);
    const [object] = jsonLines(await dicm([...args, '--json'], { cwd: folder }));
    expect(object).toMatchObject({
      schema: 'dicm.error/1',
      code: text.startsWith('unknown option') ? 'unknownOption' : 'unknownCommand',
    });
  });
});

describe('an output of another kind', () => {
  test.each([
    [['encode', PHOTO, '-o', 'q.jpg'], 'a picture', 'a .dicm file', '.dicm'],
    [['encode', PHOTO, '-f', '-o', 'q.PNG'], 'a picture', 'a .dicm file', '.dicm'],
    [['encode', PHOTO, '-o', 'q.npy'], 'an array', 'a .dicm file', '.dicm'],
    [['encode', PHOTO, '-o', 'q.dicm.gz'], 'an archive', 'a .dicm file', '.dicm'],
    [['decode', 'p.dicm', '-o', 'f.txt'], 'text', 'an array', '.npy or .safetensors'],
    [['decode', 'p.dicm', '-f', '-o', 'f.json'], 'text', 'an array', '.npy or .safetensors'],
    [['decode', 'p.dicm', '-f', '-o', 'f.dicm'], 'a .dicm file', 'an array', '.npy or .safetensors'],
    [['decode', 'p.dicm', '--latents', '-o', 'f.pt'], 'a network', 'an array', '.safetensors'],
    [['strip', 'p.dicm', '--layer', 'view', '-o', 's.jpg'], 'a picture', 'a .dicm file', '.dicm'],
    [['cut', 'p.dicm', '--prefix', '-o', 's.webp'], 'a picture', 'a .dicm file', '.dicm'],
    [['inspect', 'bitstream', 'p.dicm', '--heatmap', 'h.jpg'], 'a picture', 'a PNG picture', '.png'],
  ])('%j', async (args, name, what, expected) => {
    const before = await readdir(folder);
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(2);
    expect(result.stderr).toContain(`would be taken for ${name}, and what is written is ${what};`);
    expect(result.stderr).toContain(`ends in ${expected}, or has no extension [output-kind]`);
    expect(await readdir(folder)).toEqual(before);
  });

  test('of COCO results', async () => {
    await writeFile(join(folder, '12.dicm'), '');
    const result = await dicm(['analyze', 'detect', '12.dicm', '--coco', 'c.csv'], { cwd: folder });
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining('[output-kind]')]);
  });

  test.each([
    ['encode', 'plain'],
    ['encode', 'with.DICM'],
    ['encode', 'unfinished.dicm.part'],
    ['encode', 'photo.v2'],
    ['decode', 'features'],
    ['decode', 'features.0'],
    ['decode', 'features.NPY'],
  ])('%s takes -o %s', async (command, output) => {
    const input = command === 'encode' ? PHOTO : 'p.dicm';
    const options = command === 'encode' ? ['--max-side', '64'] : [];
    const result = await dicm([command, input, ...options, '-o', output], { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await readdir(folder)).toContain(output);
  });

  test('of several inputs is a folder, whatever it is called', async () => {
    const args = ['encode', PHOTO, join(PHOTOS, 'coffee.png'), '--max-side', '64', '-o', 'set.v1.txt'];
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
    expect((await readdir(join(folder, 'set.v1.txt'))).sort()).toEqual(['chelsea.dicm', 'coffee.dicm']);
  });
});

describe('the environment', () => {
  test('a model that DICM_MODEL names and that is not there', async () => {
    const env = { DICM_MODEL: 'zz' };
    const encoded = await dicm(['encode', PHOTO, '-o', join(folder, 'z.dicm')], { env });
    expect(encoded.exitCode).toBe(6);
    expect(encoded.stderr).toMatch(/no model named zz, as DICM_MODEL says.*found tiny.*\[model-missing\]/);
    // Files name their model themselves, and the command line has the last word.
    expect((await dicm(['verify', coded], { env })).exitCode).toBe(0);
    expect((await dicm(['inspect', coded], { env })).stdout).toMatch(/model +tiny/);
    const chosen = ['encode', PHOTO, '-o', join(folder, 'z.dicm'), '--max-side', '64', '--model'];
    for (const model of ['tiny', join(MODELS, 'tiny')]) {
      const result = await dicm([...chosen, model, '-f'], { env });
      expect(result.exitCode, result.stderr).toBe(0);
    }
    const listed = await dicm(['models'], { env });
    expect(listed.exitCode).toBe(0);
    expect(listed.stdout).toContain('tiny');
    expect(listed.stderr).toBe(
      'warning: DICM_MODEL names zz, which is none of them; nothing can be encoded\n',
    );
    const examined = await dicm(['doctor', '--json', '--backend', 'wasm'], { env });
    expect(examined.exitCode).toBe(6);
    expect(jsonLines(examined)[0]).toMatchObject({
      ...{ ok: false, modelProblem: expect.stringContaining('zz, as DICM_MODEL says') },
    });
  });

  test('an empty DICM_MODEL is none', async () => {
    const env = { DICM_MODEL: '' };
    const args = ['encode', PHOTO, '--max-side', '64', '-o', join(folder, 'empty.dicm')];
    expect((await dicm(args, { env })).exitCode).toBe(0);
  });

  test('variables that nothing reads are named, on one line, with the one that may be meant', async () => {
    const env = { DICM_MODLE: 'tiny', DICM_BACKEND: 'wasm' };
    for (const args of [['inspect', coded], ['verify', coded], ['models']]) {
      const { exitCode, stderr } = await dicm(args, { env });
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(
        /^warning: the environment has DICM_BACKEND, DICM_MODLE \(DICM_MODEL may be meant\), which mean nothing.*\n$/,
      );
    }
    expect((await dicm(['verify', coded, '--quiet'], { env })).stderr).toBe('');
    const json = await dicm(['verify', coded, '--json'], { env });
    expect(jsonLines(json)).toHaveLength(1);
  });

  test('those that are read, and others, are passed over', async () => {
    const env = { DICM_ONNX_PROVIDERS: 'cpu', DICM_VTM_CONFIG: 'x.cfg', DICMX: '1', dicm_model: '1' };
    expect((await runHere(['verify', coded], { env })).stderr).toBe('');
  });
});

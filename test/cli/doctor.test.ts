import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { copyTiny } from '../model/tiny-copies.js';
import { fakeTerminal } from './fake-terminal.js';
import { dicm, jsonLines, MODELS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const SHARD = 'weights-00001-of-00001.safetensors';

async function examine(models: string) {
  const terminal = fakeTerminal();
  const exitCode = await main(['doctor', '--json', '--backend', 'wasm', '--model', models], terminal);
  return { exitCode, ...JSON.parse(terminal.written.stdout) };
}

/** A tensor's bytes are changed, and the hash of the file is that of the changed one: only the ids tell. */
async function forge(copy: string, tensor: string): Promise<void> {
  const path = join(copy, SHARD);
  const bytes = await readFile(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString());
  bytes[8 + headerBytes + header[tensor].data_offsets[0]]! ^= 1;
  await writeFile(path, bytes);
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
  manifest.weights[0].sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(copy, 'manifest.json'), JSON.stringify(manifest));
}

/** What can be wrong with a model, and what is said about it. */
const DAMAGE: readonly [string, (copy: string) => Promise<unknown>, RegExp][] = [
  ['a forged h_s', (copy) => forge(copy, 'hs.cpe1.bias'), /the tensors have decodeId/],
  ['a forged table', (copy) => forge(copy, 'entropy.gaussian.cdf'), /the tensors have decodeId/],
  ['a forged g_s', (copy) => forge(copy, 'gs.linear.weight'), /the tensors have renderId/],
  ['cut class names', (copy) => writeFile(join(copy, 'classes.json'), '["tench"'), /classes\.json/],
];

beforeAll(async () => {
  await mkdir(join(folder, 'models'));
  await cp(join(MODELS, 'tiny'), join(folder, 'models', 'whole'), { recursive: true });
});

test('a whole model by itself is all right', async () => {
  const { exitCode, ok, models } = await examine(join(folder, 'models'));
  expect([exitCode, ok, models.length]).toEqual([0, true, 1]);
});

test.each(DAMAGE)('%s beside a whole model is found, and ends with 6', async (name, damage, says) => {
  const copy = join(folder, 'models', 'damaged');
  await cp(join(MODELS, 'tiny'), copy, { recursive: true });
  await damage(copy);
  const { exitCode, ok, models } = await examine(join(folder, 'models'));
  expect([exitCode, ok], name).toEqual([6, false]);
  expect(models.map((model: { ok: boolean }) => model.ok)).toEqual([false, true]);
  expect(models[0].problem).toMatch(says);
});

test.each([
  [
    'a size that no tensor has',
    (manifest: { architecture: object }) => Object.assign(manifest.architecture, { latentChannels: 31 }),
  ],
  [
    'a profile that is not that of its tensors',
    (manifest: object) => Object.assign(manifest, { profile: 'perceptual' }),
  ],
  ['no version', (manifest: { version?: string }) => delete manifest.version],
])('a manifest that states %s', async (name, edit) => {
  const copy = await copyTiny(
    join(folder, name.replaceAll(' ', '-')),
    (manifest) => void edit(manifest as never),
  );
  const { exitCode, ok, models, modelProblem } = await examine(copy);
  expect([exitCode, ok]).toEqual([6, false]);
  expect(modelProblem ?? models[0].problem).toMatch(/manifest\.json/);
});

test('a model can be asked for by its name', async () => {
  const result = await dicm(['models', '--json', '--model', 'tiny']);
  expect([result.exitCode, jsonLines(result).map(({ name }) => name)]).toEqual([0, ['tiny']]);
});

test('no model, or none of the name, is wrong too', async () => {
  await mkdir(join(folder, 'empty'));
  expect(await examine(join(folder, 'empty'))).toMatchObject({ exitCode: 6, ok: false, models: [] });
  const { exitCode, modelProblem } = await examine('nobody');
  expect([exitCode, modelProblem]).toEqual([6, expect.stringMatching(/^no model named nobody/)]);
});

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dicm, jsonLines, PHOTOS, ROOT, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const photograph = join(PHOTOS, 'chelsea.png');
const R50 = join(ROOT, 'packages/model-r50');

async function firstScore(precision: string): Promise<{ label: string; score: number }> {
  const file = join(folder, 'chelsea.dicm');
  const result = await dicm([
    'analyze',
    'classify',
    file,
    '--json',
    '--model',
    R50,
    '--precision',
    precision,
  ]);
  expect([result.exitCode, result.stderr]).toEqual([0, '']);
  return (jsonLines(result)[0] as { predictions: { label: string; score: number }[] }).predictions[0]!;
}

test('--precision reaches the networks', async () => {
  const written = await dicm(['encode', photograph, '-o', folder, '--model', R50, '--quiet']);
  expect(written.exitCode).toBe(0);
  const [float, int8] = [await firstScore('float'), await firstScore('int8')];
  expect(int8.label).toBe(float.label);
  expect(int8.score).not.toBe(float.score);
  expect(Math.abs(int8.score - float.score)).toBeLessThan(0.1);
});

test('what cannot compute in 8 bits is refused with what can', async () => {
  const tiny = join(folder, 'tiny.dicm');
  expect((await dicm(['encode', photograph, '-o', tiny, '--quiet'])).exitCode).toBe(0);
  const onWasm = await dicm(['analyze', 'classify', tiny, '--precision', 'int8', '--backend', 'wasm']);
  expect([onWasm.exitCode, onWasm.stderr]).toEqual([
    2,
    expect.stringMatching(/wasm computes in floats.*onnx/),
  ]);
  const noRanges = await dicm(['analyze', 'classify', tiny, '--precision', 'int8']);
  expect([noRanges.exitCode, noRanges.stderr]).toEqual([
    6,
    expect.stringMatching(/does not say between which values.*--precision int8/),
  ]);
});

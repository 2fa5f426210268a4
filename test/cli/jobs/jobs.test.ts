import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { analyzeOne } from '../../../src/cli/jobs/analyze-one.js';
import { decodeOne } from '../../../src/cli/jobs/decode-one.js';
import { encodeOne } from '../../../src/cli/jobs/encode-one.js';
import type { JobContext } from '../../../src/cli/jobs/job.js';
import { runInputs } from '../../../src/cli/jobs/run-inputs.js';
import { verifyOne } from '../../../src/cli/jobs/verify-one.js';
import { FormatError, OutputError } from '../../../src/errors.js';
import { readInfo } from '../../../src/index.js';
import { CHELSEA, openTiny } from '../../session/helpers.js';
import { scratchFolder } from '../run-cli.js';

const folder = scratchFolder();
const file = join(folder, 'chelsea.dicm');
const codec = await openTiny();

/** A caller that is no command: it has neither terminal nor options. */
function caller(extra: Partial<JobContext> = {}): JobContext {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  return { codec, stdin, stdout, signal: new AbortController().signal, ...extra };
}

beforeAll(async () => {
  const job = { input: CHELSEA, output: file, force: false, quality: 30, maxSide: 64 };
  const result = await encodeOne(job, caller());
  const { size } = await stat(file);
  expect(result).toMatchObject({ input: CHELSEA, output: file, bytes: size, quality: 30, model: 'tiny' });
  expect(result).toMatchObject({
    width: 64,
    height: 43,
    sourceWidth: 451,
    backend: 'wasm',
    notes: [expect.stringContaining('451 x 300 pixels fitted to 64 x 43')],
  });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

describe('a job', () => {
  test('reads stdin and writes stdout where it is told to', async () => {
    const context = caller();
    context.stdin.push(await readFile(CHELSEA));
    context.stdin.push(null);
    const job = { input: '-', output: '-', force: false, quality: 30, maxSide: 64 };
    const { bytes } = await encodeOne(job, context);
    const written = (context.stdout as PassThrough).read();
    expect(written).toHaveLength(bytes);
    expect(written).toEqual(await readFile(file));
  });

  test('decodes to arrays', async () => {
    const job = { input: file, force: false } as const;
    const features = join(folder, 'f3.npy');
    const a = await decodeOne({ ...job, output: features, what: 'features', format: 'npy' }, caller());
    expect(a).toMatchObject({ file, output: features, format: 'npy', backend: 'wasm' });
    expect(a.arrays).toEqual([{ name: 'f3', type: 'float32', shape: [12, 16, 32] }]);
    expect((await stat(features)).size).toBe(a.bytes);
    const latents = join(folder, 'latents.safetensors');
    const b = await decodeOne({ ...job, output: latents, what: 'latents', format: 'safetensors' }, caller());
    expect(b.backend).toBeNull();
    expect(b.arrays.map(({ name }) => name)).toEqual(['y_hat', 'z_hat']);
  });

  test('analyses, and draws what it found', async () => {
    const overlay = { output: join(folder, 'seen.png'), source: CHELSEA };
    const questions = { tasks: ['classify', 'detect'], detect: { minScore: 0.05 } } as const;
    const tiles: number[] = [];
    const context = caller({ onProgress: (done) => tiles.push(done) });
    const result = await analyzeOne({ input: file, questions, overlay, force: false }, context);
    expect(result).toMatchObject({ file, width: 451, height: 300, model: 'tiny', overlay: overlay.output });
    expect(result.predictions).toHaveLength(5);
    expect(result.detections!.length).toBeGreaterThan(0);
    expect(tiles.length).toBeGreaterThan(0);
    expect((await readFile(overlay.output)).subarray(1, 4).toString()).toBe('PNG');
    await expect(analyzeOne({ input: file, questions, overlay, force: false }, caller())).rejects.toThrow(
      OutputError,
    );
  });

  test('verifies, or says what is wrong', async () => {
    expect(await verifyOne({ input: file }, caller())).toEqual({
      ...{ file, ok: true, bytes: 179 },
      layers: [{ name: 'machine', profile: 'semantic', proved: true }],
      digest: null,
    });
    const damaged = join(folder, 'damaged.dicm');
    const bytes = await readFile(file);
    bytes[40]! ^= 1;
    await writeFile(damaged, bytes);
    await expect(verifyOne({ input: damaged }, caller())).rejects.toThrow(FormatError);
    await expect(verifyOne({ input: join(folder, 'none.dicm') }, caller())).rejects.toMatchObject({
      code: 'file-missing',
    });
  });

  test('keeps to the limits of its caller', async () => {
    await expect(verifyOne({ input: file }, caller({ limits: { maxFileBytes: 10 } }))).rejects.toMatchObject({
      limit: 'maxFileBytes',
    });
  });
});

test('jobs of inputs that come one by one are reported in their order', async () => {
  const context = caller();
  async function* found() {
    for (const side of [64, 16, 32]) yield side;
  }
  const reports: [number, number][] = [];
  const end = await runInputs(found(), {
    jobs: 2,
    signal: context.signal,
    work: (maxSide) => {
      const output = join(folder, `${maxSide}.dicm`);
      return encodeOne({ input: CHELSEA, output, force: false, maxSide }, context);
    },
    report: (side, { width }) => void reports.push([side, width]),
    reportFailure: (_, error) => {
      throw error;
    },
  });
  expect(end).toEqual({ inputs: 3, failures: 0, lastFailure: undefined });
  expect(reports).toEqual([
    [64, 64],
    [16, 16],
    [32, 32],
  ]);
  expect(readInfo(await readFile(join(folder, '16.dicm'))).header.width).toBe(16);
});

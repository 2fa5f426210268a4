import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { dicm, PHOTOS, ROOT, scratchFolder } from '../cli/run-cli.js';

const folder = scratchFolder();
afterEach(() => vi.unstubAllEnvs());

/** Everything below a folder. */
const contents = (path: string) => readdirSync(path, { recursive: true });

test('nothing is left in the home and the temporary folder, whatever the executor reports by itself', async () => {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'temporary')];
  mkdirSync(home);
  mkdirSync(temporary);
  // Everything that would lead elsewhere is unset.
  const elsewhere = { XDG_CACHE_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined };
  const places = { HOME: home, TMPDIR: temporary, TEMP: temporary, TMP: temporary };
  const env = { ...elsewhere, ...places, ORT_DISABLE_TELEMETRY: undefined };
  const coded = join(folder, 'photo.dicm');
  const drawn = join(folder, 'drawn.png');
  for (const args of [
    ['encode', join(PHOTOS, 'chelsea.png'), '-o', coded],
    ['analyze', 'all', coded, '--overlay', drawn, '--on', join(PHOTOS, 'chelsea.png')],
    ['verify', coded],
    ['inspect', coded],
  ]) {
    const result = await dicm([...args, '--backend', 'onnx'], { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(contents(home), args[0]).toEqual([]);
    expect(contents(temporary), args[0]).toEqual([]);
  }
});

/** What `probeBackends` says about onnx in a worker thread. */
async function probeInWorker(value?: string): Promise<{ ok: boolean; reason: string }> {
  const library = pathToFileURL(join(ROOT, 'dist/src/index.js')).href;
  const source = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(library)})
      .then((library) => library.probeBackends())
      .then((probes) => parentPort.postMessage(probes.find(({ name }) => name === 'onnx')));`;
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const set = value === undefined ? {} : { ORT_DISABLE_TELEMETRY: value };
  const worker = new Worker(source, { eval: true, env: { ...env, ...set } });
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

test('where the executor cannot be silenced, in a worker thread, it is passed over and says why', async () => {
  const probe = await probeInWorker();
  expect(probe.ok).toBe(false);
  expect(probe.reason).toMatch(/telemetry .*ORT_DISABLE_TELEMETRY=1/);
});

test('who has set the variable gets the executor in a worker thread too', async () => {
  // For the whole process: in the worker's environment alone it would not keep the library from reporting.
  vi.stubEnv('ORT_DISABLE_TELEMETRY', '1');
  expect(await probeInWorker('1')).toMatchObject({ ok: true });
});

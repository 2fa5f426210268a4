import { expect, test, vi } from 'vitest';
import { type Backend, type BackendName, firstLine } from '../../src/nn/backend.js';
import { firstWorking } from '../../src/nn/first-working.js';
import { hasNvidiaDevice } from '../../src/platform/node/executors/load-tensorflow.js';
import { openBackend, probeBackends } from '../../src/platform/node/executors/open-backend.js';

const fake = (name: BackendName): Backend => ({ name }) as Backend;

test('the first candidate that works is taken, with the reasons of those before it', async () => {
  const tried: string[] = [];
  const { backend, attempts } = await firstWorking([
    {
      name: 'tensorflow',
      load: async () => {
        tried.push('tensorflow');
        throw new Error('no library\nand much advice');
      },
    },
    { name: 'onnx', load: async () => fake('onnx') },
    {
      name: 'wasm',
      load: async () => {
        tried.push('wasm');
        return fake('wasm');
      },
    },
  ]);
  expect(backend?.name).toBe('onnx');
  expect(attempts).toEqual([{ backend: 'tensorflow', reason: 'no library' }]);
  expect(tried).toEqual(['tensorflow']);
});

test('when none works every reason is kept', async () => {
  const { backend, attempts } = await firstWorking(
    (['onnx', 'wasm'] as const).map((name) => ({ name, load: () => Promise.reject(`${name} is broken`) })),
  );
  expect(backend).toBeUndefined();
  expect(attempts.map(({ reason }) => reason)).toEqual(['onnx is broken', 'wasm is broken']);
});

test('auto prefers TensorFlow on a GPU, then onnx, and says why it passed TensorFlow over', async () => {
  const backend = await openBackend('auto');
  if (backend.name === 'tensorflow') {
    expect(backend.device).toBe('GPU');
  } else {
    expect(backend.name).toBe('onnx');
    expect(backend.passedOver.map((attempt) => attempt.backend)).toEqual(['tensorflow']);
    if (!hasNvidiaDevice()) expect(backend.passedOver[0]!.reason).toMatch(/no NVIDIA GPU/);
  }
  await backend.dispose();
});

test("a backend that does not exist is the caller's error", async () => {
  await expect(openBackend('abacus' as BackendName)).rejects.toMatchObject({
    name: 'UsageError',
    code: 'bad-backend',
  });
});

test('onnx takes the threads and providers it has, and names those it has not', async () => {
  const backend = await openBackend('onnx', { threads: 1, onnxProviders: ['cpu'] });
  expect(backend.device).toBe('CPU, 1 thread');
  await backend.dispose();
  await expect(openBackend('onnx', { onnxProviders: ['abacus'] })).rejects.toMatchObject({
    code: 'no-backend',
    attempts: [{ backend: 'onnx', reason: expect.stringMatching(/no execution provider abacus.*cpu/) }],
  });
  vi.stubEnv('DICM_ONNX_PROVIDERS', 'cpu, abacus');
  await expect(openBackend('onnx')).rejects.toMatchObject({ code: 'no-backend' });
  vi.unstubAllEnvs();
});

test('the probe reports every backend, in order, with version and device or a one-line reason', async () => {
  const probes = await probeBackends();
  expect(probes.map(({ name }) => name)).toEqual(['tensorflow', 'onnx', 'wasm']);
  for (const { name, ok, reason, version } of probes) {
    expect(reason).toMatch(/^[^\n]+$/);
    if (ok) expect(version).toMatch(/^\d+\.\d+/);
    if (name !== 'tensorflow') expect(ok).toBe(true);
  }
});

test('the first line of what was thrown is kept', () => {
  expect(firstLine(new Error(' a \nb'))).toBe('a');
  expect(firstLine('plain')).toBe('plain');
});

import { expect, test, vi } from 'vitest';
import { type Backend, type BackendName, firstLine } from '../../src/nn/backend.js';
import { firstWorking } from '../../src/nn/first-working.js';
import { RIGHT_ANSWER } from '../../src/nn/known-answer.js';
import { hasNvidiaDevice } from '../../src/platform/node/executors/load-tensorflow.js';
import { openBackend, probeBackends } from '../../src/platform/node/executors/open-backend.js';

/** An executor that gives the same answer whatever it is asked. */
function fake(name: BackendName, answer: readonly number[] = RIGHT_ANSWER) {
  const data = Float32Array.from(answer);
  const run = async () => ({ answer: { data, height: 1, width: 1, channels: data.length } });
  const compiled = { run, dispose: vi.fn(async () => {}) };
  const compile = async () => compiled;
  return { backend: { name, compile, dispose: vi.fn(async () => {}) } as unknown as Backend, compiled };
}

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
    { name: 'onnx', load: async () => fake('onnx').backend },
    {
      name: 'wasm',
      load: async () => {
        tried.push('wasm');
        return fake('wasm').backend;
      },
    },
  ]);
  expect(backend?.name).toBe('onnx');
  expect(attempts).toEqual([{ backend: 'tensorflow', reason: 'no library' }]);
  expect(tried).toEqual(['tensorflow']);
});

test('an executor that computes wrongly is passed over, with what it gave', async () => {
  const wrong = [
    fake(
      'tensorflow',
      RIGHT_ANSWER.map(() => 0.001),
    ),
    fake(
      'onnx',
      RIGHT_ANSWER.map((value) => value + 2e-4),
    ),
    fake(
      'onnx',
      RIGHT_ANSWER.map(() => Number.NaN),
    ),
    fake('onnx', [...RIGHT_ANSWER, 0]),
    fake('onnx', RIGHT_ANSWER.slice(1)),
  ];
  const right = fake(
    'wasm',
    RIGHT_ANSWER.map((value) => value + 5e-5),
  );
  const { backend, attempts } = await firstWorking(
    [...wrong, right].map(({ backend }) => ({ name: backend.name, load: async () => backend })),
  );
  expect(backend).toBe(right.backend);
  expect(attempts).toHaveLength(wrong.length);
  expect(attempts[0]).toEqual({
    backend: 'tensorflow',
    reason: expect.stringMatching(/^it computes wrongly: .* gives 0\.0010, .* instead of -0\.0199, /),
  });
  for (const { backend, compiled } of wrong) {
    expect(compiled.dispose).toHaveBeenCalledOnce();
    expect(backend.dispose).toHaveBeenCalledOnce();
  }
  expect(right.backend.dispose).not.toHaveBeenCalled();
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

test.each([
  ['wasm', 'int8', /wasm computes in floats.*onnx/],
  ['tensorflow', 'int8', /tensorflow computes in floats/],
  ['auto', 'int4', /no precision int4; choose one of float, int8/],
] as const)('%s does not compute in %s', async (name, precision, message) => {
  await expect(openBackend(name, { precision: precision as 'int8' })).rejects.toMatchObject({
    name: 'UsageError',
    code: 'bad-precision',
    message: expect.stringMatching(message),
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

import { BackendError, UsageError } from '../../../errors.js';
import {
  type Backend,
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  type BackendProbe,
  firstLine,
  type OpenedBackend,
  type Precision,
} from '../../../nn/backend.js';
import { type BackendCandidate, firstWorking, loadChecked } from '../../../nn/first-working.js';

/** All executors, in the order `auto` tries them. */
export const backendNames: readonly BackendName[] = ['tensorflow', 'onnx', 'wasm'];

const precisions: readonly Precision[] = ['float', 'int8'];

/**
 * Opens an executor. `auto` takes the first that works: tensorflow when it reports a GPU, onnx, wasm. Nothing of
 * an executor is loaded before it is tried.
 *
 * @throws BackendError `no-backend` with every attempt and its reason
 * @throws UsageError `bad-backend` for a name that is none; `bad-precision` for one that is none, or not the executor's
 */
export async function openBackend(
  choice: BackendChoice,
  options: BackendOptions = {},
): Promise<OpenedBackend> {
  if (choice !== 'auto' && !backendNames.includes(choice)) {
    const known = ['auto', ...backendNames].join(', ');
    throw new UsageError('bad-backend', `there is no backend ${String(choice)}; choose one of ${known}`);
  }
  const { precision = 'float' } = options;
  if (!precisions.includes(precision)) {
    const known = precisions.join(', ');
    throw new UsageError(
      'bad-precision',
      `there is no precision ${String(precision)}; choose one of ${known}`,
    );
  }
  if (precision === 'int8' && choice !== 'auto' && choice !== 'onnx') {
    throw new UsageError(
      'bad-precision',
      `the backend ${choice} computes in floats: precision int8 is for onnx, with backend onnx or auto`,
    );
  }
  const names = choice !== 'auto' ? [choice] : precision === 'int8' ? ['onnx' as const] : backendNames;
  const { backend, attempts } = await firstWorking(
    names.map((name) => backendCandidate(name, options, choice === 'auto')),
  );
  if (backend !== undefined) return Object.assign(backend, { passedOver: attempts });
  const what = choice === 'auto' ? 'no backend works' : `the backend ${choice} does not work`;
  throw new BackendError('no-backend', what, attempts);
}

/** Tries every executor, in the order of `auto`. */
export async function probeBackends(options: BackendOptions = {}): Promise<BackendProbe[]> {
  const probes: BackendProbe[] = [];
  for (const name of backendNames) {
    try {
      const backend = await loadChecked(backendCandidate(name, options, false));
      probes.push({ name, ok: true, reason: backend.device, version: backend.version });
      await backend.dispose();
    } catch (error) {
      probes.push({ name, ok: false, reason: firstLine(error) });
    }
  }
  return probes;
}

/** How to load one executor; with `onlyIfFaster`, TensorFlow only where it would beat those after it. */
function backendCandidate(
  name: BackendName,
  options: BackendOptions,
  onlyIfFaster: boolean,
): BackendCandidate {
  switch (name) {
    case 'tensorflow':
      return { name, load: () => loadTensorFlow(options, onlyIfFaster) };
    case 'onnx':
      return { name, load: async () => (await import('./load-onnx.js')).loadOnnx(options) };
    case 'wasm':
      return { name, load: async () => (await import('./load-wasm.js')).loadWasm() };
  }
}

async function loadTensorFlow(options: BackendOptions, onlyOnGpu: boolean): Promise<Backend> {
  const tensorflow = await import('./load-tensorflow.js');
  if (onlyOnGpu && !tensorflow.hasNvidiaDevice()) throw new Error('no NVIDIA GPU on this machine');
  const backend = await tensorflow.loadTensorFlow(options);
  if (onlyOnGpu && backend.device !== 'GPU') throw new Error('it reports no GPU; without one onnx is faster');
  return backend;
}

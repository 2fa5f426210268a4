import { BackendError, UsageError } from '../../errors.js';
import type { BackendChoice, BackendName, BackendOptions, OpenedBackend } from '../../nn/backend.js';
import { type BackendCandidate, firstWorking } from '../../nn/first-working.js';

/** Where executors are fetched from. */
export interface ExecutorPlaces {
  /** Address of the folder with the kernels of `wasm`; beside the library unless given. */
  readonly kernels: string | undefined;
  /** Address of the folder `dist` of onnxruntime-web; without it there is no `onnx`. */
  readonly onnxruntime: string | undefined;
}

/** Executors that browsers have, in the order `auto` tries them. */
const BACKEND_NAMES: readonly BackendName[] = ['onnx', 'wasm'];

/**
 * Opens an executor; `auto` takes the first that works: `onnx` where the page says where it is, `wasm`.
 *
 * @throws BackendError `no-backend` with every attempt and its reason
 * @throws UsageError `bad-backend` for a name that is none here
 */
export async function openBackend(
  choice: BackendChoice,
  { kernels, onnxruntime }: ExecutorPlaces,
  { threads }: BackendOptions,
): Promise<OpenedBackend> {
  if (choice !== 'auto' && !BACKEND_NAMES.includes(choice)) {
    const known = ['auto', ...BACKEND_NAMES].join(', ');
    throw new UsageError(
      'bad-backend',
      `there is no backend ${String(choice)} in a browser; choose one of ${known}`,
    );
  }
  if (choice === 'onnx' && onnxruntime === undefined) {
    throw new UsageError(
      'option-needs-other',
      'the backend onnx needs the option onnxruntime: the address of the folder dist of onnxruntime-web',
    );
  }
  const candidates: BackendCandidate[] = [
    ...(onnxruntime === undefined
      ? []
      : [
          {
            name: 'onnx' as const,
            load: async () => (await import('./load-onnx.js')).loadOnnx(onnxruntime, threads),
          },
        ]),
    { name: 'wasm', load: async () => (await import('./load-wasm.js')).loadWasm(kernels) },
  ];
  const { backend, attempts } = await firstWorking(
    candidates.filter(({ name }) => choice === 'auto' || choice === name),
  );
  if (backend !== undefined) return Object.assign(backend, { passedOver: attempts });
  const what = choice === 'auto' ? 'no backend works' : `the backend ${choice} does not work`;
  throw new BackendError('no-backend', `${what} in this browser`, attempts);
}

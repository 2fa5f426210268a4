import { BackendError, UsageError } from '../../errors.js';
import type { BackendChoice, BackendName, OpenedBackend } from '../../nn/backend.js';
import { firstWorking } from '../../nn/first-working.js';

/** Executors that browsers have, in the order `auto` tries them. */
const BACKEND_NAMES: readonly BackendName[] = ['wasm'];

/**
 * Opens an executor; `auto` takes the first that works.
 *
 * @param kernels - address of the folder with the kernels of `wasm`; beside the library unless given
 * @throws BackendError `no-backend` with every attempt and its reason
 * @throws UsageError `bad-backend` for a name that is none here
 */
export async function openBackend(
  choice: BackendChoice,
  kernels: string | undefined,
): Promise<OpenedBackend> {
  if (choice !== 'auto' && !BACKEND_NAMES.includes(choice)) {
    const known = ['auto', ...BACKEND_NAMES].join(', ');
    throw new UsageError(
      'bad-backend',
      `there is no backend ${String(choice)} in a browser; choose one of ${known}`,
    );
  }
  const load = async () => (await import('./load-wasm.js')).loadWasm(kernels);
  const { backend, attempts } = await firstWorking([{ name: 'wasm', load }]);
  if (backend !== undefined) return Object.assign(backend, { passedOver: attempts });
  throw new BackendError('no-backend', 'no backend works in this browser', attempts);
}

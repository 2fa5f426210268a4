import * as wasm from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { firstLine } from '../../nn/backend.js';
import { EagerBackend } from '../../nn/tfjs/eager-backend.js';
import { quietly } from '../../nn/tfjs/quietly.js';

/** What all tensors may take together: as on Node, where the same module has the same bounds. */
const MEMORY_LIMIT_BYTES = 2 ** 31;

/** The kernels, of which every browser that has modules in workers runs the second kind. */
const [PLAIN, SIMD, THREADED] = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
] as const;

/**
 * Loads TensorFlow.js with its WebAssembly kernels (SIMD), on one thread.
 *
 * @param kernels - address of the folder they are in; where the bundler has put them unless given
 * @throws Error when they cannot be started
 */
export async function loadWasm(kernels: string | undefined): Promise<EagerBackend> {
  const address =
    kernels === undefined
      ? // Bundlers know this form of an address as a file to take along.
        new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm', import.meta.url).href
      : `${kernels.replace(/\/*$/, '/')}${SIMD}`;
  // Its threads are started from a blob with the source text of its own functions, which neither a strict content
  // security policy nor every bundler lets through.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setWasmPaths({ [PLAIN]: address, [SIMD]: address, [THREADED]: address });
  const warned: string[] = [];
  if (!(await quietly(() => tf.setBackend('wasm'), warned))) {
    const reason = warned.map(firstLine).join('; ');
    throw new Error(`TensorFlow.js could not start its WebAssembly kernels from ${address}: ${reason}`);
  }
  return new EagerBackend({
    name: 'wasm',
    tf,
    version: wasm.version_wasm,
    device: 'CPU, 1 thread',
    poolsWithPadding: true,
    transposesFast: false,
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
  });
}

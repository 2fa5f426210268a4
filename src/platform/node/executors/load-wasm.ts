import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as wasmBackend from '@tensorflow/tfjs-backend-wasm';
import type * as tfjs from '@tensorflow/tfjs-core';
import { firstLine } from '../../../nn/backend.js';
import { EagerBackend } from '../../../nn/tfjs/eager-backend.js';
import { quietly } from '../../../nn/tfjs/quietly.js';
import { importCommonJs } from './native-packages.js';

/**
 * What all tensors may take together. The module's memory ends at 4 GiB; half is left to the buffers and packed
 * weights of its kernels, which TensorFlow.js does not count, and to fragmentation.
 */
const MEMORY_LIMIT_BYTES = 2 ** 31;

const packageName = '@tensorflow/tfjs-backend-wasm';

/**
 * Loads TensorFlow.js with its WebAssembly kernels (SIMD), which ship inside the package. They run on one thread
 * whatever is asked for: the package starts its threads from a blob URL, which Node's workers do not accept.
 *
 * @throws Error when the kernels cannot be started
 */
export async function loadWasm(): Promise<EagerBackend> {
  const tf = await importCommonJs<typeof tfjs>('@tensorflow/tfjs-core', 'tidy');
  const wasm = await importCommonJs<typeof wasmBackend>(packageName, 'setWasmPaths');
  if (tf.findBackend('wasm') === null) {
    wasm.setWasmPaths(dirname(createRequire(import.meta.url).resolve(packageName)) + sep);
  }
  const warned: string[] = [];
  if (!(await quietly(() => tf.setBackend('wasm'), warned))) {
    throw new Error(`TensorFlow.js could not start its wasm backend: ${warned.map(firstLine).join('; ')}`);
  }
  const threads = wasm.getThreadsCount();
  return new EagerBackend({
    name: 'wasm',
    tf,
    version: wasm.version_wasm,
    device: threads > 1 ? `CPU, ${threads} threads` : 'CPU, 1 thread',
    poolsWithPadding: true,
    transposesFast: false,
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
  });
}

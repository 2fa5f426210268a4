import { BackendError } from '../errors.js';
import { openTileCore } from '../wasm/tile-core.js';
import type { KernelMemory, Kernels } from './kernels.js';

/** A WebAssembly memory. */
interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const PAGE_BYTES = 65536;

/**
 * The kernels in WebAssembly with a memory of their own.
 *
 * @param sizeBytes - memory needed, zero-filled
 */
export async function openWasmKernels(sizeBytes: number): Promise<KernelMemory> {
  const core = await openTileCore();
  if (core === undefined) throw new BackendError('no-backend', 'there is no WebAssembly here');
  // A memory of its own, whose beginning the core does not use until it lays out a model.
  const { memory, ...functions } = core as unknown as { memory: WebAssemblyMemory } & Kernels;
  const missing = sizeBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  return { kernels: functions, floats: new Float32Array(memory.buffer) };
}

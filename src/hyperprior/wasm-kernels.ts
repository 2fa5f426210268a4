import { hyperSynthesisWasm } from './generated/hyper-synthesis-wasm.js';
import type { KernelMemory, Kernels } from './kernels.js';

const PAGE_BYTES = 65536;

/** The part of the WebAssembly API used here; the project is typed without a browser's globals. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object): Promise<{ exports: Record<string, unknown> }>;
}

/** A WebAssembly memory. */
interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

let compiled: Promise<object> | undefined;

/**
 * Instantiates the WebAssembly kernels with a memory of their own; the module is compiled once a process.
 *
 * @param sizeBytes - memory needed, zero-filled
 */
export async function openWasmKernels(sizeBytes: number): Promise<KernelMemory> {
  const { WebAssembly: api } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  compiled ??= api.compile(Uint8Array.from(atob(hyperSynthesisWasm), (char) => char.charCodeAt(0)));
  const { exports } = await api.instantiate(await compiled);
  // The module is ours: assembly/index.ts exports a memory and exactly the functions of Kernels.
  const { memory, ...functions } = exports as { memory: WebAssemblyMemory } & Record<string, unknown>;
  const missing = sizeBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  return { kernels: functions as unknown as Kernels, floats: new Float32Array(memory.buffer) };
}

import { OnnxBackend } from '../../nn/onnx/onnx-backend.js';
import type { OrtModule } from '../../nn/onnx/ort.js';

/** The module of onnxruntime-web with its CPU kernels alone, and what this project sets of it. */
interface OrtWebModule extends OrtModule {
  readonly env: OrtModule['env'] & { readonly wasm: { numThreads?: number; wasmPaths?: string } };
}

const MODULE = 'ort.wasm.min.mjs';

/**
 * Loads onnxruntime-web from the `dist` folder of its package, as a server offers it: it is no part of a bundle, because
 * its WebAssembly is 14 MB. It has threads where the page is isolated (`crossOriginIsolated`), one otherwise.
 *
 * @param folder - address of the folder
 * @param threads - how many threads, where there can be several; one for each core unless given
 * @throws Error when the module is not there
 */
export async function loadOnnx(folder: string, threads: number | undefined): Promise<OnnxBackend> {
  const address = folder.replace(/\/*$/, '/');
  let ort: OrtWebModule;
  try {
    ort = (await import(/* @vite-ignore */ /* webpackIgnore: true */ `${address}${MODULE}`)) as OrtWebModule;
  } catch (cause) {
    throw new Error(
      `onnxruntime-web is not at ${address}: that is to be the address of its folder dist, with ${MODULE}`,
      { cause },
    );
  }
  const count = globalThis.crossOriginIsolated ? (threads ?? navigator.hardwareConcurrency) : 1;
  ort.env.wasm.wasmPaths = address;
  ort.env.wasm.numThreads = count;
  return new OnnxBackend(ort, ['wasm'], count);
}

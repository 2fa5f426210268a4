import { resolveLimits } from '../../limits.js';
import { checkOptions, optionNames } from '../../session/check-options.js';
import type { Codec, CodecOptions } from '../../session/codec.js';
import { openCodec as openOn } from '../../session/open-codec.js';
import type { OnDownload } from './fetched-model.js';
import { absolute, webPlatform } from './web-platform.js';
import { openWorkerCodec } from './worker/worker-codec.js';
import type { StartWorker } from './worker/worker-link.js';

/** How to open a codec in a browser. */
export interface WebCodecOptions extends Omit<CodecOptions, 'precision'> {
  /** Name of one of `models`, or the address of another one; the default model unless given. */
  model?: string | undefined;
  /** Addresses of models: of folders with a `manifest.json`; `dicm-model-r50/` beside the page unless given. */
  models?: readonly string[] | undefined;
  /**
   * Address of the folder with the WebAssembly kernels of the `wasm` executor, `tfjs-backend-wasm-simd.wasm`; where the
   * bundler has put them unless given.
   */
  kernels?: string | undefined;
  /**
   * Address of the folder `dist` of the package onnxruntime-web, as your server offers it; then `auto` tries the executor
   * `onnx` first: 14 MB to load, and with threads where the page is isolated (docs/browser.md). No `onnx` unless given.
   */
  onnxruntime?: string | undefined;
  /**
   * Runs everything in a Web Worker, so that the page stays free: true, or a function that starts a worker with
   * `dicm/browser/worker`, for bundlers that do not find it by themselves. In the page itself unless given.
   */
  worker?: boolean | StartWorker | undefined;
  /** Told of every piece of a model that arrives. */
  onDownload?: OnDownload | undefined;
}

const webOptionNames = optionNames<WebCodecOptions>()({
  ...{ backend: true, model: true, limits: true, threads: true },
  ...{ models: true, kernels: true, onnxruntime: true, worker: true, onDownload: true },
});

/** Where the model is unless the page says otherwise. */
const DEFAULT_MODELS = ['dicm-model-r50/'];

/**
 * Opens a codec in a browser. Executor and model are opened when first needed, and of a model only the files that a call
 * needs are fetched. Pictures are bytes, or addresses to fetch them from.
 *
 * @throws UsageError `bad-limit`, `unknown-option`
 */
export async function openCodec(options: WebCodecOptions = {}): Promise<Codec> {
  checkOptions('openCodec', options, webOptionNames);
  const { models = DEFAULT_MODELS, kernels, onnxruntime, worker, onDownload = () => {}, ...rest } = options;
  const places = {
    models: models.map(absolute),
    kernels: kernels === undefined ? undefined : absolute(kernels),
    onnxruntime: onnxruntime === undefined ? undefined : absolute(onnxruntime),
  };
  if (worker) {
    resolveLimits(rest.limits);
    const model = rest.model?.includes('/') ? absolute(rest.model) : rest.model;
    return openWorkerCodec(worker === true ? startWorker : worker, { ...rest, model, ...places }, onDownload);
  }
  const closing = new AbortController();
  const codec = openOn(webPlatform({ ...places, onDownload, signal: closing.signal }), rest);
  return {
    ...codec,
    dispose: () => {
      closing.abort();
      return codec.dispose();
    },
  };
}

/** In the form by which bundlers know a worker. */
function startWorker(): Worker {
  return new Worker(new URL('../../web-worker.js', import.meta.url), { type: 'module', name: 'dicm' });
}

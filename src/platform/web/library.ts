import { checkOptions, optionNames } from '../../session/check-options.js';
import type { Codec, CodecOptions } from '../../session/codec.js';
import { openCodec as openOn } from '../../session/open-codec.js';
import type { OnDownload } from './fetched-model.js';
import { absolute, webPlatform } from './web-platform.js';

/** How to open a codec in a browser. */
export interface WebCodecOptions extends CodecOptions {
  /** Name of one of `models`, or the address of another one; the default model unless given. */
  model?: string | undefined;
  /** Addresses of models: of folders with a `manifest.json`; `dicm-model-r50/` beside the page unless given. */
  models?: readonly string[] | undefined;
  /**
   * Address of the folder with the WebAssembly kernels of the `wasm` executor, `tfjs-backend-wasm-simd.wasm`; where the
   * bundler has put them unless given.
   */
  kernels?: string | undefined;
  /** Told of every piece of a model that arrives. */
  onDownload?: OnDownload | undefined;
}

const webOptionNames = optionNames<WebCodecOptions>()({
  ...{ backend: true, model: true, limits: true, threads: true },
  ...{ models: true, kernels: true, onDownload: true },
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
  const { models = DEFAULT_MODELS, kernels, onDownload = () => {}, ...rest } = options;
  const closing = new AbortController();
  const platform = webPlatform({
    models: models.map(absolute),
    kernels: kernels === undefined ? undefined : absolute(kernels),
    onDownload,
    signal: closing.signal,
  });
  const codec = openOn(platform, rest);
  return {
    ...codec,
    dispose: () => {
      closing.abort();
      return codec.dispose();
    },
  };
}

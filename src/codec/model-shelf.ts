import type { DicmHeader } from '../container/dicm-file.js';
import { UnsupportedError } from '../errors.js';
import { openHyperpriorCodec } from '../latents/hyperprior-codec.js';
import type { LatentCodec } from '../latents/latent-codec.js';
import { findModel } from '../model/find-model.js';
import { loadModel, type Model } from '../model/load-model.js';
import type { BackendChoice, OpenedBackend } from '../nn/backend.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import { type Networks, openNetworks } from './networks.js';

/** Which executor and which models to use. */
export interface ShelfOptions {
  backend: BackendChoice;
  /** Where models come from. */
  platform: Platform;
  /** Name of a model, or path of its folder or of a folder of models; any installed one unless given. */
  model?: string | undefined;
  threads?: number | undefined;
}

/** A model that is ready for entropy coding. */
export interface OpenModel {
  readonly model: Model;
  readonly latents: LatentCodec;
  /** Its networks; opens the executor at the first call. */
  networks(): Promise<Networks>;
}

/** Opens models and the executor as they are needed, each once, and closes them together. */
export interface ModelShelf {
  readonly platform: Platform;
  /** The executor. @throws BackendError when none works */
  backend(): Promise<OpenedBackend>;
  /** The model to encode with. @throws ModelError */
  encodingModel(): Promise<OpenModel>;
  /**
   * The model that a file was encoded with.
   *
   * @throws ModelError `model-missing`; UnsupportedError `profile-unsupported`
   */
  modelFor(header: DicmHeader): Promise<OpenModel>;
  dispose(): Promise<void>;
}

/** Opens an empty shelf; nothing is read or loaded yet. */
export function openModelShelf(options: ShelfOptions): ModelShelf {
  const { platform } = options;
  const opened = new Map<string, Promise<OpenModel>>();
  const closers: (() => unknown)[] = [];
  let backend: Promise<OpenedBackend> | undefined;

  const openExecutor = () => {
    const { threads } = options;
    backend ??= platform.openBackend(options.backend, threads === undefined ? {} : { threads });
    return backend;
  };
  const open = async (source: ModelSource): Promise<OpenModel> => {
    const model = await loadModel(source, platform.sha256);
    const latents = await openHyperpriorCodec(model.tensors);
    closers.push(() => latents.dispose());
    let networks: Promise<Networks> | undefined;
    const openAll = async () => {
      const opened = openNetworks(await openExecutor(), model.tensors);
      closers.push(() => opened.dispose());
      return opened;
    };
    return {
      model,
      latents,
      networks: () => {
        networks ??= openAll();
        return networks;
      },
    };
  };
  const take = async (decodeId?: string): Promise<OpenModel> => {
    const choice = options.model === undefined ? {} : await platform.readModelChoice(options.model);
    const { source } = await findModel(platform, { ...choice, decodeId });
    let model = opened.get(source.where);
    if (model === undefined) {
      model = open(source);
      opened.set(source.where, model);
    }
    return model;
  };
  return {
    platform,
    backend: openExecutor,
    encodingModel: () => take(),
    modelFor: async (header) => {
      if (header.profile !== 'semantic') {
        throw new UnsupportedError(
          'profile-unsupported',
          `the file has the ${header.profile} profile, which this version cannot decode`,
        );
      }
      return take(header.decodeId);
    },
    dispose: async () => {
      await Promise.allSettled(opened.values());
      for (const close of closers.splice(0).reverse()) await close();
      const executor = await backend?.catch(() => undefined);
      await executor?.dispose();
    },
  };
}

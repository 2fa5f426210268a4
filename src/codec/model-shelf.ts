import type { LayerHeader } from '../container/dicm-file.js';
import { ModelError } from '../errors.js';
import { openHyperpriorCodec } from '../latents/hyperprior-codec.js';
import type { LatentCodec } from '../latents/latent-codec.js';
import { findModel, listModels, type ModelQuery } from '../model/find-model.js';
import { loadModel, type Model } from '../model/load-model.js';
import { shortDecodeId } from '../model/manifest.js';
import type { BackendChoice, Network, OpenedBackend, Precision } from '../nn/backend.js';
import type { ModelSource, Platform } from '../platform/platform.js';
import { profileNamed } from '../profiles/all-profiles.js';
import type { Profile } from '../profiles/profile.js';
import type { TensorMap } from '../tensor.js';
import { type Networks, openNetworks } from './networks.js';

/** Which executor and which models to use. */
export interface ShelfOptions {
  backend: BackendChoice;
  /** Where models come from. */
  platform: Platform;
  /**
   * Name of a model, or path of its folder or of a folder of models; any installed one unless given. A name chooses among the
   * models of its profile only.
   */
  model?: string | undefined;
  threads?: number | undefined;
  precision?: Precision | undefined;
}

/** A model that is ready for entropy coding. */
export interface OpenModel {
  readonly model: Model;
  /** What its latents are rebuilt to, and by which networks. */
  readonly profile: Profile;
  /** Of the decode path it was opened for: the model's own, or that of the file. */
  readonly latents: LatentCodec;
  /** Its networks; opens the executor at the first call. */
  networks(): Promise<Networks>;
}

/** What a model has for all its decode paths. */
type LoadedModel = Omit<OpenModel, 'latents'>;

/** Opens models and the executor as they are needed, each once, and closes them together. */
export interface ModelShelf {
  readonly platform: Platform;
  /** The executor. @throws BackendError when none works */
  backend(): Promise<OpenedBackend>;
  /** The model to encode a layer with, all of whose ids are known to be those of its tensors. @throws ModelError */
  encodingModel(profile: Profile['name']): Promise<OpenModel>;
  /** The model that a layer was encoded with. @throws ModelError `model-missing` */
  modelFor(layer: Pick<LayerHeader, 'profile' | 'decodeId'>): Promise<OpenModel>;
  dispose(): Promise<void>;
}

/** Opens an empty shelf; nothing is read or loaded yet. */
export function openModelShelf(options: ShelfOptions): ModelShelf {
  const { platform } = options;
  const loaded = new Map<string, Promise<LoadedModel>>();
  const latents = new Map<string, Promise<LatentCodec>>();
  const closers: (() => unknown)[] = [];
  let backend: Promise<OpenedBackend> | undefined;

  const openExecutor = () => {
    const { threads, precision } = options;
    backend ??= platform.openBackend(options.backend, {
      ...(threads === undefined ? {} : { threads }),
      ...(precision === undefined ? {} : { precision }),
    });
    return backend;
  };
  const keep = <T extends { dispose(): unknown }>(opened: T): T => {
    closers.push(() => opened.dispose());
    return opened;
  };
  /** Only answers are computed in 8 bits. @throws ModelError `no-ranges` */
  const checkPrecision = ({ answers }: Network, { where, manifest }: Model) => {
    if (options.precision !== 'int8' || answers !== true || manifest.ranges !== undefined) return;
    throw new ModelError(
      'no-ranges',
      `${where} does not say between which values its networks compute, which precision int8 (--precision int8) needs: take ` +
        'precision float, or a newer release of the model',
    );
  };
  const load = async (source: ModelSource): Promise<LoadedModel> => {
    const model = await loadModel(source, platform.sha256, profileNamed);
    let networks: Promise<Networks> | undefined;
    const openAll = async () => {
      const executor = await openExecutor();
      return keep(openNetworks(executor, model.tensorsFor, (network) => checkPrecision(network, model)));
    };
    return {
      model,
      profile: profileNamed(model.manifest.profile),
      networks: () => {
        networks ??= openAll();
        networks.catch(() => {
          networks = undefined;
        });
        return networks;
      },
    };
  };
  /** The user's choice. A name is that of one model, and chooses none of another profile. */
  const choiceFor = async ({ profile }: Pick<ModelQuery, 'profile'>): Promise<ModelQuery> => {
    if (options.model === undefined) return {};
    const choice = await platform.readModelChoice(options.model);
    if ('path' in choice) return choice;
    const named = (await listModels(platform)).filter(({ manifest }) => manifest.name === choice.name);
    const isOfThis = named.length === 0 || named.some(({ manifest }) => manifest.profile === profile);
    return isOfThis ? choice : {};
  };
  const take = async (query: Pick<ModelQuery, 'decodeId' | 'profile'>): Promise<OpenModel> => {
    const { source, manifest } = await findModel(platform, { ...(await choiceFor(query)), ...query });
    const model = await once(loaded, source.where, () => load(source));
    const earlier = manifest.earlierDecodePaths?.find(
      (path) => shortDecodeId(path.decodeId) === query.decodeId,
    );
    const prefix = earlier?.prefix ?? '';
    const open = async () =>
      keep(await openHyperpriorCodec(await latentTensors(model.model, prefix), prefix));
    return { ...model, latents: await once(latents, `${prefix}${source.where}`, open) };
  };
  return {
    platform,
    backend: openExecutor,
    encodingModel: async (profile) => {
      const open = await take({ profile });
      await open.model.checkRenderId();
      return open;
    },
    modelFor: ({ profile, decodeId }) => take({ profile, decodeId }),
    dispose: async () => {
      await Promise.allSettled([...loaded.values(), ...latents.values()]);
      for (const close of closers.splice(0).reverse()) await close();
      const executor = await backend?.catch(() => undefined);
      await executor?.dispose();
    },
  };
}

/** The value of a key, which is opened when first asked for, and again after that failed. */
function once<T>(kept: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  let value = kept.get(key);
  if (value === undefined) {
    value = open();
    kept.set(key, value);
    value.catch(() => kept.delete(key));
  }
  return value;
}

/** What decoding latents takes, by a model's own path or by that of an earlier release behind a prefix. */
async function latentTensors({ tensorsFor }: Model, prefix: string): Promise<TensorMap> {
  const tensors = await tensorsFor(['entropy'], prefix);
  // Up to dicm-r50 1.4.0 the scales of what is decoded lie with the synthesis.
  return tensors.has(`${prefix}gain.log2_inverse`) ? tensors : tensorsFor(['synthesis']);
}

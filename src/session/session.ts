import type { CallHooks, WorkOptions } from '../codec/call-hooks.js';
import type { CodedLayer } from '../codec/coded-layer.js';
import type { ModelShelf, OpenModel } from '../codec/model-shelf.js';
import type { AncillarySection, DicmHeader } from '../container/dicm-file.js';
import { openPrefix } from '../container/open-prefix.js';
import { layerNameOf, type Profile as ProfileName } from '../container/profiles.js';
import { readDicm } from '../container/read-dicm.js';
import { UsageError } from '../errors.js';
import type { ImageInput, LoadOptions, Picture } from '../image/picture.js';
import { type Limits, resolveLimits } from '../limits.js';
import type { BackendName } from '../nn/backend.js';
import type { Platform } from '../platform/platform.js';
import { profileNamed } from '../profiles/all-profiles.js';
import type { Profile } from '../profiles/profile.js';
import type { DecodedWith, PrefixOptions } from './codec.js';
import type { ModelIdentity } from './model-identity.js';

/** A layer of a file: what its header, or that of the layer, states, and its tiles. */
export interface FileLayer extends CodedLayer, Pick<DicmHeader, 'profile' | 'decodeId' | 'renderId'> {}

/** A layer of a file with the model it was encoded with. */
export interface OpenFile {
  readonly open: OpenModel;
  readonly using: DecodedWith;
  readonly layer: FileLayer;
  /** Metadata in the file. */
  readonly ancillary: readonly AncillarySection[];
}

/** Which layer of a file to open. */
export interface OpenFileOptions extends PrefixOptions {
  /** What it rebuilds; the first layer whatever it is unless given. */
  readonly result?: Profile['result'];
}

/** What the calls of one codec share. */
export interface Session {
  readonly platform: Platform;
  readonly limits: Limits;
  readonly shelf: ModelShelf;
  /** @throws UsageError `disposed` */
  checkOpen(): void;
  /** Loads a picture within the limits of the codec. */
  loadPicture(image: ImageInput, options: Omit<LoadOptions, 'limits'>): Promise<Picture>;
  /**
   * Reads a file: all its layers, the first one first.
   *
   * @param prefix - Whether `bytes` may be only the beginning of a file; then there is the first layer alone.
   */
  readLayers(
    bytes: Uint8Array,
    prefix?: boolean,
  ): { header: DicmHeader; layers: FileLayer[]; ancillary: readonly AncillarySection[] };
  /**
   * Reads a file and opens the model of a layer: of the first that rebuilds what is wanted, or of the first of all.
   *
   * @throws UsageError `missing-layer` for a file without such a layer
   */
  openFile(bytes: Uint8Array, options?: OpenFileOptions): Promise<OpenFile>;
  /** The caller's hooks, with a way to let others have a turn. */
  work(hooks: CallHooks): WorkOptions;
  /** The executor in use. */
  backendName(): Promise<BackendName>;
  dispose(): Promise<void>;
}

/**
 * Opens a session over a shelf of models, which belongs to it from now on.
 *
 * @param overrides - Of the default limits, which differ between files and pictures.
 * @throws UsageError `bad-limit`
 */
export function openSession(shelf: ModelShelf, overrides?: Partial<Limits>): Session {
  const { platform } = shelf;
  const limits = resolveLimits(overrides);
  let disposed = false;
  const checkOpen = () => {
    if (disposed) throw new UsageError('disposed', 'the codec was disposed');
  };
  const readLayers: Session['readLayers'] = (bytes, prefix = false) => {
    checkOpen();
    const {
      header,
      tiles,
      layers = [],
      ancillary,
    } = prefix ? openPrefix(bytes, limits).file : readDicm(bytes, limits);
    const further = layers.map((layer) => ({ ...layer, name: `${layerNameOf(layer.profile)} layer` }));
    return { header, layers: [{ ...header, tiles }, ...further], ancillary };
  };
  return {
    platform,
    limits,
    shelf,
    checkOpen,
    loadPicture: (image, options) => platform.loadPicture(image, { ...options, limits: overrides }),
    readLayers,
    openFile: async (bytes, { prefix, result } = {}) => {
      const { header, layers, ancillary } = readLayers(bytes, prefix);
      const fits = (name: ProfileName) => result === undefined || profileNamed(name).result === result;
      const layer = layers.find(({ profile }) => fits(profile));
      if (layer === undefined) throw missingLayer(result!, layers);
      const open = await shelf.modelFor(layer);
      return { open, using: describeUse(header, layer, open), layer, ancillary };
    },
    work: ({ signal, onProgress }) => ({ signal, onProgress, yieldTurn: platform.yieldTurn }),
    backendName: async () => (await shelf.backend()).name,
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await shelf.dispose();
    },
  };
}

/** The names of a model. */
export function identityOf({ model }: OpenModel): ModelIdentity {
  return { name: model.manifest.name, decodeId: model.decodeId, renderId: model.renderId };
}

function describeUse(header: DicmHeader, { renderId }: FileLayer, open: OpenModel): DecodedWith {
  const model = identityOf(open);
  const notes =
    renderId === model.renderId
      ? []
      : [`encoded for render id ${renderId}, read with ${model.renderId} of ${model.name}`];
  return { header, model, notes };
}

/** What layers hold, in the words of messages. */
const RESULT_WORDS: Readonly<Record<Profile['result'], string>> = {
  features: 'features',
  picture: 'a picture',
};

function missingLayer(result: Profile['result'], layers: readonly FileLayer[]): UsageError {
  const names = layers.map(({ profile }) => {
    const held = RESULT_WORDS[profileNamed(profile).result];
    return `a ${layerNameOf(profile)} layer, which holds ${held}`;
  });
  return new UsageError(
    'missing-layer',
    `the file has no layer that holds ${RESULT_WORDS[result]}; it has ${names.join(' and ')}`,
  );
}

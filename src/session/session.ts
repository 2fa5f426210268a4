import type { CallHooks, WorkOptions } from '../codec/call-hooks.js';
import type { CodedLayer } from '../codec/decode-picture.js';
import type { ModelShelf, OpenModel } from '../codec/model-shelf.js';
import type { DicmFile } from '../container/dicm-file.js';
import { openPrefix } from '../container/open-prefix.js';
import { readDicm } from '../container/read-dicm.js';
import { UsageError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { BackendName } from '../nn/backend.js';
import type { Platform } from '../platform/platform.js';
import type { DecodedWith, ModelIdentity, PrefixOptions } from './codec.js';

/** A file with the model it was encoded with. */
export interface OpenFile {
  readonly file: DicmFile;
  readonly open: OpenModel;
  readonly using: DecodedWith;
  /** The layer that networks read. */
  readonly layer: CodedLayer;
}

/** What the calls of one codec share. */
export interface Session {
  readonly platform: Platform;
  readonly limits: Limits;
  readonly shelf: ModelShelf;
  /** @throws UsageError `disposed` */
  checkOpen(): void;
  /** Reads a file, or its first layer from its first bytes, and opens its model. */
  openFile(bytes: Uint8Array, options?: PrefixOptions): Promise<OpenFile>;
  /** The caller's hooks, with a way to let others have a turn. */
  work(hooks: CallHooks): WorkOptions;
  /** The executor in use. */
  backendName(): Promise<BackendName>;
  dispose(): Promise<void>;
}

/** Opens a session over a shelf of models, which belongs to it from now on. */
export function openSession(shelf: ModelShelf, limits: Limits): Session {
  const { platform } = shelf;
  let disposed = false;
  const checkOpen = () => {
    if (disposed) throw new UsageError('disposed', 'the codec was disposed');
  };
  return {
    platform,
    limits,
    shelf,
    checkOpen,
    openFile: async (bytes, { prefix = false } = {}) => {
      checkOpen();
      const file = prefix ? openPrefix(bytes, limits).file : readDicm(bytes, limits);
      const open = await shelf.modelFor(file.header);
      return { file, open, using: describeUse(file, open), layer: { ...file.header, tiles: file.tiles } };
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

function describeUse({ header }: DicmFile, open: OpenModel): DecodedWith {
  const model = identityOf(open);
  const notes =
    header.renderId === model.renderId
      ? []
      : [`encoded for render id ${header.renderId}, read with ${model.renderId} of ${model.name}`];
  return { header, model, notes };
}

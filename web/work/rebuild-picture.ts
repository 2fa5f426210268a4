import { describeFailure, isAbort } from '../state/describe-failure.js';
import { type Coded, type PageStore, type Rebuilt, updateEntry, viewLayer } from '../state/page-state.js';
import type { PageCodecs } from './open-network.js';

/** Puts the pictures of view layers into entries. */
export interface PictureRebuilder {
  /**
   * Rebuilds the picture of a file, where it has one. Why it cannot be shown is said of the entry; the promise is never
   * rejected.
   */
  show(id: number, coded: Coded, signal: AbortSignal): Promise<void>;
}

/** Opens a rebuilder. It keeps what it rebuilt for as long as the file is kept. */
export function openPictureRebuilder(store: PageStore, codecs: PageCodecs): PictureRebuilder {
  const kept = new WeakMap<Coded, Rebuilt>();
  const rebuild = async (coded: Coded, signal: AbortSignal): Promise<Rebuilt | undefined> => {
    try {
      const codec = await codecs.view();
      return { of: coded, picture: await codec.decodePicture(coded.bytes, { signal }) };
    } catch (error) {
      if (signal.aborted || isAbort(error)) return undefined;
      return { of: coded, failure: describeFailure(error) };
    }
  };
  return {
    show: async (id, coded, signal) => {
      if (viewLayer(coded) === undefined) return;
      const rebuilt = kept.get(coded) ?? (await rebuild(coded, signal));
      if (rebuilt === undefined) return;
      kept.set(coded, rebuilt);
      updateEntry(store, id, { rebuilt });
    },
  };
}

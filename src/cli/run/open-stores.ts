import { HttpSource } from '../../fleet/stores/http-source.js';
import type { OutputStore, Stores } from '../../fleet/stores/store.js';
import { defaultLimits } from '../../limits.js';
import { type Context, streamsOf } from '../context.js';
import { FileSource, FolderStore } from './folder-stores.js';

/** Whether a source or an output is named by an address rather than a path. */
export function isAddress(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** The stores behind paths and addresses. Outputs are opened once. */
export function openStores(context: Context): Stores {
  const { stdin, limits } = streamsOf(context);
  const file = new FileSource({ stdin, limits });
  const http = new HttpSource(limits?.maxFileBytes ?? defaultLimits.maxFileBytes);
  const outputs = new Map<string, Promise<OutputStore>>();
  return {
    sourceOf: (source) => (isAddress(source) ? http : file),
    openOutput: (place) => {
      const opened = outputs.get(place) ?? FolderStore.open(place);
      outputs.set(place, opened);
      return opened;
    },
  };
}

import { describeFailure } from '../state/describe-failure.js';
import type { Entry, PageStore } from '../state/page-state.js';
import { countKinds, type FilePair, pairFiles } from './pair-files.js';

let lastId = 0;

/**
 * Puts files into the list, before those that are there, and selects the first of them.
 *
 * @returns How many were added.
 */
export async function addFiles(store: PageStore, files: readonly File[]): Promise<number> {
  const { pairs, passedOver } = pairFiles(files);
  const entries = await Promise.all(pairs.map(readPair));
  const notice =
    passedOver.length === 0
      ? ''
      : `Passed over: ${countKinds(passedOver)}. Neither pictures nor .dicm files.`;
  addEntries(store, entries);
  store.set({ notice });
  return entries.length;
}

/** Puts entries behind those that are there, and selects the first of them where nothing is selected yet. */
export function appendEntries(store: PageStore, entries: readonly Omit<Entry, 'id'>[]): void {
  const added = entries.map((entry) => ({ ...entry, id: ++lastId }));
  const { entries: before, selectedId = added[0]?.id } = store.get();
  store.set({ entries: [...before, ...added], selectedId });
}

/** Puts entries before those that are there, and selects the first of them. */
function addEntries(store: PageStore, entries: readonly Omit<Entry, 'id'>[]): void {
  if (entries.length === 0) return;
  const added = entries.map((entry) => ({ ...entry, id: ++lastId }));
  store.set({ entries: [...added, ...store.get().entries], selectedId: added[0]!.id, litField: undefined });
}

async function readPair({ name, photograph, dicm }: FilePair): Promise<Omit<Entry, 'id'>> {
  try {
    return {
      name,
      photograph: photograph && { blob: photograph, url: URL.createObjectURL(photograph) },
      given: dicm && new Uint8Array(await dicm.arrayBuffer()),
    };
  } catch (error) {
    // A file may have gone since it was dropped.
    return { name, failure: describeFailure(error) };
  }
}

import { findDamage } from '../bytes/read-structure.js';
import { describeFailure, isAbort } from '../state/describe-failure.js';
import {
  type Coded,
  type Entry,
  hasMachineLayer,
  type PageStore,
  selectedEntry,
  updateEntry,
} from '../state/page-state.js';
import { openLatestTask } from './latest-task.js';
import type { PageCodecs } from './open-network.js';
import { type EntryReader, openEntryReader, type ReadFile } from './read-entry.js';
import { openPictureRebuilder, type PictureRebuilder } from './rebuild-picture.js';
import { addTried, judge, tryCodecs } from './try-codecs.js';

/**
 * Sees to it that the entry that is shown is encoded as the sliders say, analysed, and compared: whenever one of them
 * moves or another entry is chosen, what was being done for the one before is given up. All others are read after it, if
 * that is asked for.
 */
export function runDesk(store: PageStore, codecs: PageCodecs): void {
  const say = (activity: string) => store.set({ activity });
  const reader = openEntryReader(store, codecs.machine, say);
  const rebuilder = openPictureRebuilder(store, codecs);
  const desk: Desk = { store, codecs, reader, rebuilder, say };
  const latest = openLatestTask((error) => {
    const { selectedId } = store.get();
    if (selectedId !== undefined) updateEntry(store, selectedId, { failure: describeFailure(error) });
    say('');
  });
  store.watch(
    (state) => [
      state.selectedId,
      state.quality,
      state.effort,
      selectedEntry(state)?.isRecoded,
      state.isReadingAll,
    ],
    () => {
      const entry = selectedEntry(store.get());
      latest.start(async (signal) => {
        try {
          if (entry !== undefined && isReadable(entry)) await workOn(desk, entry.id, signal);
        } finally {
          if (!signal.aborted && store.get().isReadingAll) await readOthers(store, reader, say, signal);
        }
        say('');
      });
    },
  );
}

/** What could not even be loaded stays so. */
function isReadable({ photograph, given }: Entry): boolean {
  return photograph !== undefined || given !== undefined;
}

/** What work on an entry needs. */
interface Desk {
  readonly store: PageStore;
  readonly codecs: PageCodecs;
  readonly reader: EntryReader;
  readonly rebuilder: PictureRebuilder;
  readonly say: (activity: string) => void;
}

/** Takes an entry through all that there is to say about it. */
async function workOn(desk: Desk, id: number, signal: AbortSignal): Promise<void> {
  const { store, codecs, reader, rebuilder, say } = desk;
  // In another worker, beside the networks that read the file.
  const file = await reader.read(id, signal, (coded) => void rebuilder.show(id, coded, signal));
  if (file.answers === undefined) return examineDamage(desk, id, file.coded);
  const codec = hasMachineLayer(file.coded) ? codecs.machine : await codecs.view();
  updateEntry(store, id, { bits: await codec.measureBits(file.coded.bytes, { signal }) });
  const entry = store.get().entries.find((one) => one.id === id)!;
  const { photograph } = entry;
  if (photograph === undefined) return;
  const reference = entry.reference ?? (await reader.ask(photograph.blob, signal));
  updateEntry(store, id, { reference });
  addOwn(store, id, file, reference.predictions);
  say('Looking for the smallest files with the same answer');
  if (reference.predictions.length > 0) {
    await tryCodecs(store, codecs.machine, { ...entry, photograph, reference }, signal);
  }
}

/** The file that is shown is one more that was tried. Those of other efforts would lie on other curves. */
function addOwn(
  store: PageStore,
  id: number,
  { coded, answers }: ReadFile,
  reference: readonly { index: number }[],
): void {
  const { bytes, quality, effort } = coded;
  if (effort !== 1 || quality === undefined || answers === undefined || !hasMachineLayer(coded)) return;
  addTried(store, id, 'dicm', judge(bytes.length, quality, answers.predictions, reference));
}

/** Reads every entry that was not read yet; what fails is said of it, and the next is read. */
async function readOthers(
  store: PageStore,
  reader: EntryReader,
  say: (activity: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const unread = store.get().entries.filter((entry) => isReadable(entry) && entry.answers === undefined);
  for (const { id } of unread.filter(({ failure }) => failure === undefined)) {
    try {
      await reader.read(id, signal);
    } catch (error) {
      if (signal.aborted || isAbort(error)) throw error;
      updateEntry(store, id, { failure: describeFailure(error) });
    }
  }
  say('');
  store.set({ isReadingAll: false });
}

/** Says what else can be found out about a damaged file. */
async function examineDamage({ store, codecs, say }: Desk, id: number, coded: Coded): Promise<void> {
  say('Looking for what is damaged');
  const finding = coded.structure.finding ?? (await findDamage(coded.bytes, codecs.machine));
  updateEntry(store, id, { coded: { ...coded, structure: { ...coded.structure, finding } } });
}

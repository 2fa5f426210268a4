import type { Codec } from 'dicm/browser';
import {
  type CodecName,
  type Entry,
  type PageStore,
  type Trial,
  type TriedFile,
  updateEntry,
} from '../state/page-state.js';
import { fitPhotograph } from './canvas-codec.js';

/** Qualities to try, from good files to small ones, in units of the codec. */
const LADDERS: Readonly<Record<CodecName, readonly number[]>> = {
  dicm: [50, 35, 25, 17, 12, 8, 5, 3, 1],
  webp: [80, 60, 40, 25, 15, 8, 4, 0],
  jpeg: [85, 65, 50, 35, 25, 17, 12, 8, 5, 2, 0],
};

/** Qualities to try between the last file with the same answer and the first with another. */
const HALVINGS = 2;

/** Names of the comparison in the order in which it is shown. */
const CODEC_NAMES: readonly CodecName[] = ['dicm', 'webp', 'jpeg'];

/** Codecs before anything was tried. */
export const untriedCodecs: readonly Trial[] = CODEC_NAMES.map((codec) => ({
  codec,
  tried: [],
  state: 'waiting',
}));

/** A photograph and what the network says of it uncompressed. */
type ReferencedEntry = Entry & Required<Pick<Entry, 'photograph' | 'reference'>>;

/**
 * Looks for the smallest file of each codec of which the network still says what it says of the photograph: from good
 * files down to the first that it takes for something else, and then between. Files that were tried already are kept.
 *
 * @param entry - With a reference that has a label.
 */
export async function tryCodecs(
  store: PageStore,
  codec: Codec,
  entry: ReferencedEntry,
  signal: AbortSignal,
): Promise<void> {
  const photograph = new Uint8Array(await entry.photograph!.blob.arrayBuffer());
  const fitted = await fitPhotograph(entry.photograph!.blob);
  const write: Readonly<Record<CodecName, (quality: number) => Promise<Uint8Array | undefined>>> = {
    dicm: async (quality) => (await codec.encode(photograph, { quality, signal })).bytes,
    webp: (quality) => fitted.encode('image/webp', quality),
    jpeg: (quality) => fitted.encode('image/jpeg', quality),
  };
  for (const name of CODEC_NAMES) {
    await tryCodec(store, entry.id, name, async (quality) => {
      signal.throwIfAborted();
      const bytes = await write[name](quality);
      if (bytes === undefined) return undefined;
      signal.throwIfAborted();
      const options = { top: 1000, signal };
      const { predictions = [] } =
        name === 'dicm'
          ? await codec.classify(bytes, options)
          : await codec.analyzePixels(bytes, { ...options, tasks: ['classify'] });
      return judge(bytes.length, quality, predictions, entry.reference!.predictions);
    });
  }
}

/** Compares an answer with that for the photograph. */
export function judge(
  bytes: number,
  quality: number,
  predictions: readonly { index: number; score: number }[],
  reference: readonly { index: number }[],
): TriedFile {
  const wanted = reference[0]?.index;
  const score = predictions.find(({ index }) => index === wanted)?.score ?? 0;
  return { bytes, quality, score, isSame: predictions[0]?.index === wanted };
}

/**
 * Of what was tried, the smallest file with the same answer whose larger ones all have it too.
 *
 * @returns That file, and the largest with another answer if there is one; `undefined` where even the largest has it.
 */
export function findBreak({ tried }: Trial): { last: TriedFile | undefined; broken: TriedFile | undefined } {
  const bySize = [...tried].sort((a, b) => b.bytes - a.bytes);
  const at = bySize.findIndex(({ isSame }) => !isSame);
  return at < 0 ? { last: bySize.at(-1), broken: undefined } : { last: bySize[at - 1], broken: bySize[at] };
}

async function tryCodec(
  store: PageStore,
  id: number,
  name: CodecName,
  tryAt: (quality: number) => Promise<TriedFile | undefined>,
): Promise<void> {
  const current = () => trialOf(store, id, name);
  if (current().state === 'done' || current().state === 'unsupported') return;
  changeTrial(store, id, { ...current(), state: 'running' });
  const tryOnce = async (quality: number) => {
    const known = current().tried.find((file) => file.quality === quality);
    const file = known ?? (await tryAt(quality));
    if (known === undefined && file !== undefined) addTried(store, id, name, file);
    return file;
  };
  for (const quality of LADDERS[name]) {
    const file = await tryOnce(quality);
    if (file === undefined) return changeTrial(store, id, { ...current(), state: 'unsupported' });
    if (!file.isSame) break;
  }
  for (let i = 0; i < HALVINGS; i++) {
    const { last, broken } = findBreak(current());
    if (last === undefined || broken === undefined || last.quality - broken.quality < 2) break;
    await tryOnce(Math.round((last.quality + broken.quality) / 2));
  }
  changeTrial(store, id, { ...current(), state: 'done' });
}

/** Adds a file to what was tried of an entry; of each quality once. */
export function addTried(store: PageStore, id: number, name: CodecName, file: TriedFile): void {
  const trial = trialOf(store, id, name);
  const others = trial.tried.filter(({ quality }) => quality !== file.quality);
  changeTrial(store, id, { ...trial, tried: [...others, file] });
}

function trialOf(store: PageStore, id: number, name: CodecName): Trial {
  const entry = store.get().entries.find((one) => one.id === id);
  return (entry?.trials ?? untriedCodecs).find(({ codec }) => codec === name)!;
}

function changeTrial(store: PageStore, id: number, changed: Trial): void {
  const entry = store.get().entries.find((one) => one.id === id);
  const trials = (entry?.trials ?? untriedCodecs).map((trial) =>
    trial.codec === changed.codec ? changed : trial,
  );
  updateEntry(store, id, { trials });
}

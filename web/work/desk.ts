import {
  type AnalysisResults,
  type AnalyzeOptions,
  type Codec,
  type SegmentedDetection,
  shortestQuality,
} from 'dicm/browser';
import { findDamage, readStructure } from '../bytes/read-structure.js';
import { describeFailure } from '../state/describe-failure.js';
import {
  type Answers,
  type Coded,
  type Entry,
  type PageStore,
  selectedEntry,
  updateEntry,
} from '../state/page-state.js';
import { openLatestTask } from './latest-task.js';
import { addTried, judge, tryCodecs } from './try-codecs.js';

/** Objects are asked for down to this score, so that the page's slider shows and hides them without asking again. */
const LEAST_SCORE = 0.05;

/** Files of one picture to keep, so that a slider that goes back has them at once. */
const MOST_KEPT = 60;

/** What was made of a picture at one quality and effort. */
interface Made {
  coded: Coded;
  answers?: Answers;
}

/**
 * Sees to it that the entry that is shown is encoded as the sliders say, analysed, and compared: whenever one of them
 * moves or another entry is chosen, what was being done for the one before is given up.
 */
export function runDesk(store: PageStore, codec: Codec): void {
  const kept = new Map<string, Made>();
  const latest = openLatestTask((error) => {
    const { selectedId } = store.get();
    if (selectedId !== undefined) updateEntry(store, selectedId, { failure: describeFailure(error) });
    say(store, '');
  });
  store.watch(
    (state) => [state.selectedId, state.quality, state.effort, selectedEntry(state)?.isRecoded],
    () => {
      const entry = selectedEntry(store.get());
      // What cannot be read stays so.
      if (entry === undefined || (entry.photograph === undefined && entry.given === undefined)) return;
      latest.start((signal) => workOn(store, codec, entry.id, kept, signal));
    },
  );
}

/** Takes an entry through all that there is to say about it. */
async function workOn(
  store: PageStore,
  codec: Codec,
  id: number,
  kept: Map<string, Made>,
  signal: AbortSignal,
): Promise<void> {
  const current = () => store.get().entries.find((entry) => entry.id === id)!;
  const key = keyOf(store, current());
  const made = kept.get(key) ?? { coded: await makeFile(store, codec, current(), signal) };
  keep(kept, key, made);
  updateEntry(store, id, { coded: made.coded, failure: made.coded.structure.failure });
  if (made.coded.structure.failure !== undefined) return examineDamage(store, codec, id, made.coded);
  if (made.answers === undefined) {
    say(store, 'Reading the file');
    made.answers = answersOf(await codec.analyze(made.coded.bytes, questions(signal)));
  }
  const { bytes, effort, quality } = made.coded;
  updateEntry(store, id, { answers: made.answers, bits: await codec.measureBits(bytes, { signal }) });
  const { photograph } = current();
  if (photograph !== undefined) {
    const reference = current().reference ?? (await askPhotograph(store, codec, photograph.blob, signal));
    updateEntry(store, id, { reference });
    // Files of other efforts lie on other curves.
    if (effort === 1 && quality !== undefined) {
      addTried(
        store,
        id,
        'dicm',
        judge(bytes.length, quality, made.answers.predictions, reference.predictions),
      );
    }
    say(store, 'Looking for the smallest files with the same answer');
    if (reference.predictions.length > 0) {
      await tryCodecs(store, codec, { ...current(), photograph, reference }, signal);
    }
  }
  say(store, '');
}

async function makeFile(store: PageStore, codec: Codec, entry: Entry, signal: AbortSignal): Promise<Coded> {
  const { photograph, given, isRecoded } = entry;
  if (given !== undefined && (photograph === undefined || !isRecoded)) {
    const structure = readStructure(given);
    const position = structure.info?.header.qualityPosition;
    const quality = position === undefined ? undefined : shortestQuality(position);
    return { bytes: given, origin: 'given', quality, effort: undefined, structure };
  }
  const { quality, effort } = store.get();
  say(store, effort > 1 ? `Refining at effort ${effort}: this takes minutes` : 'Encoding the photograph');
  const image = new Uint8Array(await photograph!.blob.arrayBuffer());
  const { bytes } = await codec.encode(image, { quality, effort, signal });
  return { bytes, origin: 'encoded', quality, effort, structure: readStructure(bytes) };
}

/** What is asked about files and photographs alike. */
function questions(signal: AbortSignal): AnalyzeOptions {
  return { tasks: ['classify', 'segment'], top: 1000, detect: { minScore: LEAST_SCORE }, signal };
}

function answersOf({ predictions = [], detections = [], width, height }: AnalysisResults): Answers {
  // With `segment` among the tasks every object has a mask.
  return { predictions, detections: detections as SegmentedDetection[], width, height };
}

async function askPhotograph(
  store: PageStore,
  codec: Codec,
  photograph: Blob,
  signal: AbortSignal,
): Promise<Answers> {
  say(store, 'Asking the same network about the photograph');
  const image = new Uint8Array(await photograph.arrayBuffer());
  return answersOf(await codec.analyzePixels(image, questions(signal)));
}

/** Says what else can be found out about a damaged file; bits and answers of the one before are not its own. */
async function examineDamage(store: PageStore, codec: Codec, id: number, coded: Coded): Promise<void> {
  updateEntry(store, id, { answers: undefined, bits: undefined, trials: undefined });
  say(store, 'Looking for what is damaged');
  const finding = coded.structure.finding ?? (await findDamage(coded.bytes, codec));
  updateEntry(store, id, { coded: { ...coded, structure: { ...coded.structure, finding } } });
  say(store, '');
}

/** What a file is kept under: the one that was given has no quality that was asked for. */
function keyOf(store: PageStore, { id, given, photograph, isRecoded }: Entry): string {
  const { quality, effort } = store.get();
  const isGiven = given !== undefined && (photograph === undefined || !isRecoded);
  return isGiven ? `${id}` : `${id} ${quality} ${effort}`;
}

function keep(kept: Map<string, Made>, key: string, made: Made): void {
  kept.delete(key);
  kept.set(key, made);
  const oldest = kept.keys().next().value;
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}

function say(store: PageStore, activity: string): void {
  store.set({ activity });
}

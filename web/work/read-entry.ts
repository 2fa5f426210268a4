import {
  type AnalysisResults,
  type AnalyzeOptions,
  type Codec,
  type SegmentedDetection,
  shortestQuality,
} from 'dicm/browser';
import { readStructure } from '../bytes/read-structure.js';
import { type Answers, type Coded, type Entry, type PageStore, updateEntry } from '../state/page-state.js';

/** Objects are asked for down to this score, so that the page's slider shows and hides them without asking again. */
const LEAST_SCORE = 0.05;

/** Files to keep, so that a slider that goes back, or an entry that is chosen again, has them at once. */
const MOST_KEPT = 60;

/** A file of a picture, and what the networks say of it. */
export interface ReadFile {
  readonly coded: Coded;
  /** Absent where the file is damaged. */
  readonly answers?: Answers;
}

/** Makes files of entries as the sliders say, and reads them; keeps the last ones. */
export interface EntryReader {
  /**
   * Reads the file of an entry, and puts it into the entry step by step.
   *
   * @param onCoded - Told of the file as soon as it is there and whole, before networks read it.
   */
  read(id: number, signal: AbortSignal, onCoded?: (coded: Coded) => void): Promise<ReadFile>;
  /** What the networks say of a photograph itself. */
  ask(photograph: Blob, signal: AbortSignal): Promise<Answers>;
}

/** Opens a reader. @param say - Told what is being done, in words. */
export function openEntryReader(
  store: PageStore,
  codec: Codec,
  say: (activity: string) => void,
): EntryReader {
  const kept = new Map<string, ReadFile>();
  const keep = (key: string, file: ReadFile) => {
    kept.delete(key);
    kept.set(key, file);
    const oldest = kept.keys().next().value;
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    return file;
  };
  const make = async (entry: Entry, signal: AbortSignal): Promise<Coded> => {
    if (isGiven(entry)) return describeGiven(entry.given!);
    const { quality, effort } = store.get();
    say(effort > 1 ? `Refining at effort ${effort}: this takes minutes` : 'Encoding the photograph');
    const image = new Uint8Array(await entry.photograph!.blob.arrayBuffer());
    const { bytes } = await codec.encode(image, { quality, effort, signal });
    return { bytes, origin: 'encoded', quality, effort, structure: readStructure(bytes) };
  };
  const read = async ({ bytes, structure }: Coded, signal: AbortSignal): Promise<Answers> => {
    const { layers, header } = structure.info!;
    // Networks have nothing to say of a picture for eyes.
    if (!layers.some(({ profile }) => profile === 'semantic')) {
      return { predictions: [], detections: [], width: header.sourceWidth, height: header.sourceHeight };
    }
    return answersOf(await codec.analyze(bytes, questions(signal)));
  };
  return {
    read: async (id, signal, onCoded) => {
      const entry = store.get().entries.find((one) => one.id === id)!;
      const { quality, effort } = store.get();
      const key = isGiven(entry) ? `${id}` : `${id} ${quality} ${effort}`;
      const earlier = kept.get(key);
      const coded = earlier?.coded ?? (await make(entry, signal));
      const { failure } = coded.structure;
      updateEntry(store, id, { coded, failure });
      if (failure !== undefined) return { coded };
      if (earlier === undefined) say('Reading the file');
      onCoded?.(coded);
      const answers = earlier?.answers ?? (await read(coded, signal));
      updateEntry(store, id, { answers, answered: coded });
      return keep(key, { coded, answers });
    },
    ask: async (photograph, signal) => {
      say('Asking the same network about the photograph');
      const image = new Uint8Array(await photograph.arrayBuffer());
      return answersOf(await codec.analyzePixels(image, questions(signal)));
    },
  };
}

/** Whether the file of an entry is the one that was given, rather than one to make. */
function isGiven({ given, photograph, isRecoded }: Entry): boolean {
  return given !== undefined && (photograph === undefined || !isRecoded);
}

function describeGiven(bytes: Uint8Array): Coded {
  const structure = readStructure(bytes);
  const position = structure.info?.header.qualityPosition;
  const quality = position === undefined ? undefined : shortestQuality(position);
  // The effort is not in a file.
  return { bytes, origin: 'given', quality, effort: undefined, structure };
}

/** What is asked about files and photographs alike. */
function questions(signal: AbortSignal): AnalyzeOptions {
  return { tasks: ['classify', 'segment'], top: 1000, detect: { minScore: LEAST_SCORE }, signal };
}

function answersOf({ predictions = [], detections = [], width, height }: AnalysisResults): Answers {
  // With `segment` among the tasks every object has a mask.
  return { predictions, detections: detections as SegmentedDetection[], width, height };
}

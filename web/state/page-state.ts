import type {
  BackendInfo,
  BitReport,
  DecodedPicture,
  DicmInfo,
  Field,
  LayerInfo,
  ModelIdentity,
  Prediction,
  SegmentedDetection,
} from 'dicm/browser';
import type { Store } from './store.js';

/** What went wrong, as the command line would say it. */
export interface Failure {
  /** Stable identifier, for example `crc-mismatch`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** Where in the file the evidence is, in bytes. */
  readonly offset?: number | undefined;
}

/** The structure of a .dicm file, or of as much of a damaged one as can be followed. */
export interface Structure {
  readonly fields: readonly Field[];
  /** What the file says of itself; absent where it is damaged. */
  readonly info?: DicmInfo;
  /** Why it is refused. */
  readonly failure?: Failure;
  /** First byte that could not be followed. */
  readonly brokenAt?: number;
  /** Which parts proved damaged, or that none did, in words. */
  readonly finding?: string;
}

/** A .dicm file of a picture. */
export interface Coded {
  readonly bytes: Uint8Array;
  /** Whether the file was given, or made here from the photograph. */
  readonly origin: 'given' | 'encoded';
  readonly quality: number | undefined;
  readonly effort: number | undefined;
  readonly structure: Structure;
}

/** What the networks say. */
export interface Answers {
  /** Best first. */
  readonly predictions: readonly Prediction[];
  readonly detections: readonly SegmentedDetection[];
  /** Size that boxes and masks refer to, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** The picture that the view layer of a file gives, or why it gives none. */
export type Rebuilt = { readonly of: Coded } & (
  | { readonly picture: DecodedPicture }
  | { readonly failure: Failure }
);

/** One file of some codec, and what the network said of it. */
export interface TriedFile {
  readonly bytes: number;
  /** In units of the codec. */
  readonly quality: number;
  /** Probability of the label that the photograph itself gets. */
  readonly score: number;
  /** Whether that is still the first label. */
  readonly isSame: boolean;
}

/** Codecs whose files are compared. */
export type CodecName = 'dicm' | 'webp' | 'jpeg';

/** What was tried with one codec, in any order. */
export interface Trial {
  readonly codec: CodecName;
  readonly tried: readonly TriedFile[];
  readonly state: 'waiting' | 'running' | 'done' | 'unsupported';
}

/** A picture in the list. */
export interface Entry {
  readonly id: number;
  readonly name: string;
  /** The photograph, with an address to show it by. */
  readonly photograph?: { readonly blob: Blob; readonly url: string } | undefined;
  /** A .dicm file that was given. */
  readonly given?: Uint8Array | undefined;
  /** Whether the file is to be made anew from the photograph, though one was given. */
  readonly isRecoded?: boolean | undefined;
  /** Who made the photograph, where the page brought it. */
  readonly credit?: string | undefined;
  readonly coded?: Coded | undefined;
  readonly answers?: Answers | undefined;
  /** The file that they are of: while another one is read, not the one that is shown. */
  readonly answered?: Coded | undefined;
  readonly bits?: BitReport | undefined;
  /** The picture of the file's view layer; while another file is read, not of the one that is shown. */
  readonly rebuilt?: Rebuilt | undefined;
  /** What the network says of the photograph itself. */
  readonly reference?: Answers | undefined;
  readonly trials?: readonly Trial[] | undefined;
  readonly failure?: Failure | undefined;
}

/** How far executor and model are. */
export interface Network {
  readonly state: 'opening' | 'ready' | 'failed';
  readonly backend?: BackendInfo;
  readonly model?: ModelIdentity;
  readonly failure?: Failure;
}

/** Bytes of the model's files that are on their way. */
export interface Download {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** What to show of a picture. */
export interface Layers {
  readonly photograph: boolean;
  /** Unless it was switched, only where there is no photograph to see. */
  readonly rebuilt: boolean | undefined;
  /** Unless it was switched, only where there is no picture to see. */
  readonly bitMap: boolean | undefined;
  readonly boxes: boolean;
  readonly masks: boolean;
  /** Objects below this score are not shown. */
  readonly minScore: number;
}

/** All that the page shows. */
export interface PageState {
  readonly entries: readonly Entry[];
  readonly selectedId: number | undefined;
  /** Quality and effort to encode with. */
  readonly quality: number;
  readonly effort: number;
  readonly layers: Layers;
  readonly network: Network;
  /** Whether every picture of the list is to be read. */
  readonly isReadingAll: boolean;
  /** What is being done, in words; empty where nothing is. */
  readonly activity: string;
  /** What is being fetched of the model, if anything is. */
  readonly download: Download | undefined;
  /** Index of the field of the file whose bytes are lit. */
  readonly litField: number | undefined;
  /** What was not taken of what was dropped. */
  readonly notice: string;
}

export type PageStore = Store<PageState>;

/** The entry that is shown. */
export function selectedEntry({ entries, selectedId }: PageState): Entry | undefined {
  return entries.find(({ id }) => id === selectedId);
}

/** The layer of a file that holds a picture for eyes, if it has one. */
export function viewLayer(coded: Coded | undefined): LayerInfo | undefined {
  return coded?.structure.info?.layers.find(({ profile }) => profile === 'perceptual');
}

/** Whether networks find something to read in a file. */
export function hasMachineLayer(coded: Coded): boolean {
  return coded.structure.info?.layers.some(({ profile }) => profile === 'semantic') ?? false;
}

/** The picture that is rebuilt of the file that an entry shows. */
export function rebuiltPicture(entry: Entry | undefined): DecodedPicture | undefined {
  const { rebuilt, coded } = entry ?? {};
  return rebuilt !== undefined && rebuilt.of === coded && 'picture' in rebuilt ? rebuilt.picture : undefined;
}

/** Whether the rebuilt picture of an entry, where there is one, is to be seen. */
export function showsRebuilt({ rebuilt }: Layers, entry: Entry | undefined): boolean {
  return rebuilt ?? entry?.photograph === undefined;
}

/** Whether the file of an entry has a view layer that is not known to give no picture. */
function hasOrAwaitsPicture(entry: Entry | undefined): boolean {
  const { rebuilt, coded } = entry ?? {};
  const isRefused = rebuilt !== undefined && rebuilt.of === coded && 'failure' in rebuilt;
  return viewLayer(coded) !== undefined && !isRefused;
}

/** Whether the bit map of an entry is to be seen. */
export function showsBitMap({ bitMap }: Layers, entry: Entry | undefined): boolean {
  return bitMap ?? (entry?.photograph === undefined && !hasOrAwaitsPicture(entry));
}

/** Changes an entry, if it is still in the list. */
export function updateEntry(store: PageStore, id: number, change: Partial<Entry>): void {
  const entries = store.get().entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry));
  store.set({ entries });
}

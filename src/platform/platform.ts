import type { ImageInput, LoadOptions, Picture } from '../image/picture.js';
import type { BackendChoice, BackendOptions, OpenedBackend } from '../nn/backend.js';

/** What a manifest says of a file. */
export interface StatedFile {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The files of one model, wherever they lie. */
export interface ModelSource {
  /** Where that is, for messages and to tell models apart: a folder, an address. */
  readonly where: string;
  /** Set where reading is a download: a file is then read when what is in it is needed, and not before. */
  readonly isRemote?: true;
  /**
   * Reads a file of the model.
   *
   * @param file - plain name, without folders
   * @param stated - what the manifest says of it, if it does; the caller compares
   * @throws ModelError `model-missing` when it cannot be read
   */
  read(file: string, stated?: StatedFile): Promise<Uint8Array>;
  /** Reads a file again from where it comes, past any copy that is kept of it; absent where none is kept. */
  readAnew?(file: string, stated: StatedFile): Promise<Uint8Array>;
}

/** The models there are. */
export interface ModelListing {
  /** First found first. */
  readonly sources: readonly ModelSource[];
  /** Where they were looked for, for messages. */
  readonly places: readonly string[];
  /** By profile what would bring a model of it, for messages; absent where the usual one is there. */
  readonly advice?: Readonly<Record<string, string>>;
}

/** What a user means by a choice of model: one of a name, or those at a place. */
export type ModelChoice = { readonly name: string } | { readonly path: string };

/** What the library needs of its host, and all that differs between hosts. */
export interface Platform {
  /** SHA-256 of the pieces one after the other, 64 hexadecimal digits. */
  sha256(pieces: Iterable<Uint8Array>): Promise<string>;
  /**
   * Lists models without reading any.
   *
   * @param path - a model, or a place where several are; the usual places unless given
   */
  listModels(path?: string): Promise<ModelListing>;
  /** Tells a model that is named from one that is pointed at. */
  readModelChoice(choice: string): Promise<ModelChoice>;
  /** Name of the model that the user prefers where none is chosen, or undefined. */
  preferredModel(): string | undefined;
  /**
   * Loads a picture in the form in which it is coded.
   *
   * @throws ImageError when the input is missing, is no picture, or is damaged; LimitError
   */
  loadPicture(input: ImageInput, options: LoadOptions): Promise<Picture>;
  /**
   * Opens an executor; `auto` takes the first that works here.
   *
   * @throws BackendError `no-backend` with every attempt and its reason; UsageError `bad-backend`, `bad-precision`
   */
  openBackend(choice: BackendChoice, options: BackendOptions): Promise<OpenedBackend>;
  /** Resolves when whatever waits has had its turn: a signal to arrive, another file to go on. */
  yieldTurn(): Promise<void>;
}

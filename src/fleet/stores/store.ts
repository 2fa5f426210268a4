/** Where inputs come from. */
export interface SourceStore {
  /**
   * Reads one input whole.
   *
   * @param source - Path or address.
   * @throws FormatError `file-missing`, `file-unreadable`, which no further try changes, and `source-unreachable`; LimitError
   */
  read(source: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** What became of an output: `there` when somebody else had written it. */
export type Created = 'created' | 'there';

/** Where outputs go. A name says all that its content depends on, so nobody ever has to replace one. */
export interface OutputStore {
  /** Whether there is an output of this name, whole. */
  has(name: string): Promise<boolean>;
  /** What {@link create} has written. */
  read(name: string): Promise<Uint8Array>;
  /**
   * Writes an output if there is none of its name: whole, or not at all.
   *
   * @throws OutputError
   */
  create(name: string, bytes: Uint8Array): Promise<Created>;
  /** Path or address of an output. */
  placeOf(name: string): string;
}

/** Opens the store below a folder or an address, and says which reads a source. */
export interface Stores {
  sourceOf(source: string): Promise<SourceStore>;
  openOutput(place: string): Promise<OutputStore>;
}

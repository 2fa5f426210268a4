/** Hooks that every long call takes. */
export interface CallHooks {
  /** Stops the call between steps; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called after each tile of a picture, or each part of several tiles where these are worked on at once. */
  onProgress?: ((partsDone: number, partsTotal: number) => void) | undefined;
}

/** What long work goes by: the caller's hooks, and how to let others have a turn. */
export interface WorkOptions extends CallHooks {
  /** Resolves when whatever waits has had its turn: a signal to arrive, another file to go on. */
  yieldTurn(): Promise<void>;
}

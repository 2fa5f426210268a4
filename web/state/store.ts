/** A value that parts of the page watch. */
export interface Store<State> {
  get(): State;
  /** Changes some properties; who watches them is told once all changes of a turn are made. */
  set(change: Partial<State>): void;
  /**
   * Calls `render` now and whenever what `select` picks has changed, by identity.
   *
   * @param select - Gives the values that `render` needs, and nothing else.
   */
  watch<Picked extends unknown[]>(
    select: (state: State) => [...Picked],
    render: (...picked: NoInfer<Picked>) => void,
  ): void;
}

/** Opens a store. */
export function openStore<State extends object>(initial: State): Store<State> {
  let state = initial;
  let isPlanned = false;
  const watchers: (() => void)[] = [];
  const tellAll = () => {
    isPlanned = false;
    for (const tell of watchers) tell();
  };
  return {
    get: () => state,
    set: (change) => {
      state = { ...state, ...change };
      if (isPlanned) return;
      isPlanned = true;
      queueMicrotask(tellAll);
    },
    watch: (select, render) => {
      let before: readonly unknown[] | undefined;
      const tell = () => {
        const picked = select(state);
        if (before?.every((value, i) => Object.is(value, picked[i]))) return;
        before = picked;
        render(...picked);
      };
      watchers.push(tell);
      tell();
    },
  };
}

import type { Stopwatch } from './stopwatch.js';

/** Told when the study is paused and goes on. */
type PauseListener = (isPaused: boolean) => void;

const listeners = new Set<PauseListener>();

/** Says to all that follow it that the study is paused, or goes on. */
export function setPaused(isPaused: boolean): void {
  for (const listener of listeners) listener(isPaused);
}

/** Stops a watch while the study is paused. @returns Ends that. */
export function whilePaused(watch: Stopwatch): () => void {
  const listener: PauseListener = (isPaused) => (isPaused ? watch.pause() : watch.resume());
  listeners.add(listener);
  return () => listeners.delete(listener);
}

import type { Stopwatch } from './stopwatch.js';

/** Told when the study is paused and goes on. */
type PauseListener = (isPaused: boolean) => void;

const listeners = new Set<PauseListener>();

let isPausedNow = false;

/** Says to all that follow it that the study is paused, or goes on. */
export function setPaused(isPaused: boolean): void {
  isPausedNow = isPaused;
  for (const listener of listeners) listener(isPaused);
}

/** Stops a watch while the study is paused. @returns Ends that. */
export function whilePaused(watch: Stopwatch): () => void {
  const listener: PauseListener = (isPaused) => (isPaused ? watch.pause() : watch.resume());
  // Pictures may come while the study is paused.
  if (isPausedNow) watch.pause();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

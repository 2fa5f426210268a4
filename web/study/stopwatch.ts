/** Time that goes by while the rater can look: not while the page is hidden or the study paused. */
export interface Stopwatch {
  readonly ms: number;
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Starts at once. */
export function startStopwatch(): Stopwatch {
  let [passed, since] = [0, performance.now()];
  let isPaused = false;
  const isRunning = () => !isPaused && document.visibilityState === 'visible';
  let wasRunning = isRunning();
  const change = () => {
    if (wasRunning) passed += performance.now() - since;
    since = performance.now();
    wasRunning = isRunning();
  };
  document.addEventListener('visibilitychange', change);
  return {
    get ms() {
      return Math.round(passed + (wasRunning ? performance.now() - since : 0));
    },
    pause: () => {
      isPaused = true;
      change();
    },
    resume: () => {
      isPaused = false;
      change();
    },
    stop: () => document.removeEventListener('visibilitychange', change),
  };
}

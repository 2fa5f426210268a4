import type { SingleBar } from 'cli-progress';
import type { BenchStep } from '../index.js';
import type { Context } from './context.js';
import { formatTimeLeft } from './format.js';
import { isWatched, prepareBars } from './progress.js';

/** Progress of a benchmark. */
export interface BenchProgressBar {
  update(step: BenchStep): void;
  /** Removes the bar. */
  stop(): void;
}

/** Where nobody watches, progress is a line now and then, for whoever reads the log. */
const LINE_EVERY_MS = 60_000;

const WORDS = {
  answers: ['measuring', 'answers'],
  times: ['timing', 'settings'],
  strips: ['drawing', 'strips'],
} as const;

/** Shows how far a benchmark is and how long it will still take: a bar on a terminal, a line a minute elsewhere. */
export async function openBenchProgress(context: Context): Promise<BenchProgressBar> {
  const { reporter } = context;
  if (reporter.options.quiet) return { update() {}, stop() {} };
  const clock = openClock();
  if (!isWatched(context)) {
    let last = performance.now();
    return {
      update: (step) => {
        const left = clock.timeLeft(step);
        if (performance.now() - last < LINE_EVERY_MS) return;
        last = performance.now();
        const [verb, unit] = WORDS[step.phase];
        reporter.say(`${verb}: ${step.done} of ${step.total} ${unit}, ${left}`);
      },
      stop() {},
    };
  }
  const bars = await prepareBars(context, '{verb} {bar} {value}/{total} {unit}, {left}');
  let shown: { phase: BenchStep['phase']; bar: SingleBar } | undefined;
  return {
    update: (step) => {
      const [verb, unit] = WORDS[step.phase];
      const payload = { verb, unit, left: clock.timeLeft(step) };
      if (shown?.phase === step.phase) {
        shown.bar.update(step.done, payload);
        return;
      }
      if (shown !== undefined) bars.drawn?.remove(shown.bar);
      shown = { phase: step.phase, bar: bars.open().create(step.total, step.done, payload) };
    },
    stop: bars.stop,
  };
}

/** Guesses from the steps of this run that were real work; what came from the cache says nothing. */
function openClock() {
  let phase: BenchStep['phase'] | undefined;
  let began = 0;
  return {
    timeLeft: (step: BenchStep): string => {
      if (phase !== step.phase) {
        phase = step.phase;
        began = performance.now();
      }
      const worked = step.done - step.cached;
      if (worked < 1) return 'time left unknown';
      const seconds = (((performance.now() - began) / worked) * (step.total - step.done)) / 1000;
      return `${formatTimeLeft(seconds)} left`;
    },
  };
}

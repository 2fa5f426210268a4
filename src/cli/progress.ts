import type { MultiBar, SingleBar } from 'cli-progress';
import { printable } from '../printable.js';
import type { Context } from './context.js';
import { formatTimeLeft } from './format.js';

/** Progress of a batch as its commands report it. */
export interface BatchProgress {
  /** One input has ended. */
  fileDone(): void;
  /** Tiles done of one picture; drawn for pictures of several tiles only. */
  tiles(name: string, done: number, total: number): void;
  /** Removes the bars. */
  stop(): void;
}

const SILENT: BatchProgress = { fileDone() {}, tiles() {}, stop() {} };

/**
 * Opens progress bars on stderr when someone watches. Nothing is loaded or drawn otherwise.
 *
 * @param verb - What happens to the files: `encoding`.
 */
export async function openProgress(context: Context, verb: string, files: number): Promise<BatchProgress> {
  if (!isWatched(context)) return SILENT;
  const bars = await prepareBars(context, '{name} {bar} {value}/{total} {unit}{pace}');
  const all = files > 1 ? bars.open().create(files, 0, { name: verb, unit: 'files', pace: '' }) : undefined;
  const began = performance.now();
  let done = 0;
  const pictures = new Map<string, SingleBar>();
  return {
    fileDone: () => {
      done++;
      all?.update(done, { pace: describePace(done, files - done, performance.now() - began) });
    },
    tiles: (name, done, total) => {
      if (total < 2) return;
      let bar = pictures.get(name);
      if (bar === undefined) {
        bar = bars.open().create(total, 0, { name: printable(name), unit: 'tiles', pace: '' });
        pictures.set(name, bar);
        // At once: the next frame may be a tenth of a second away.
        bars.drawn?.update();
      }
      bar.update(done);
      if (done === total) bars.drawn?.remove(bar);
    },
    stop: bars.stop,
  };
}

/** `, 3.4 files/s, 85 s left`. */
function describePace(done: number, left: number, elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  const rate = done / seconds;
  const shown = rate >= 1 ? `${rate.toPrecision(rate < 10 ? 2 : 3)}/s` : `${(1 / rate).toFixed(1)} s each`;
  return left === 0 ? `, ${shown}` : `, ${shown}, ${formatTimeLeft(left / rate)} left`;
}

/** Whether someone watches: stderr is a terminal that can draw, and the run is not quiet. */
export function isWatched({ terminal, reporter }: Context): boolean {
  return terminal.stderr.isTTY === true && !reporter.options.quiet && terminal.env.TERM !== 'dumb';
}

/** Progress bars on stderr, above which the reporter's lines go on. */
export interface Bars {
  /** Undefined until it is first needed: nothing is drawn before. */
  readonly drawn: MultiBar | undefined;
  open(): MultiBar;
  /** Removes them. */
  stop(): void;
}

/**
 * Loads what draws bars; ask {@link isWatched} first, so that nothing is loaded for nobody.
 *
 * @param format - As cli-progress has it.
 */
export async function prepareBars({ terminal, reporter }: Context, format: string): Promise<Bars> {
  const { default: progress } = await import('cli-progress');
  let drawn: MultiBar | undefined;
  const open = (): MultiBar => {
    if (drawn !== undefined) return drawn;
    const bars = new progress.MultiBar(
      {
        stream: terminal.stderr as NodeJS.WritableStream,
        format,
        barsize: 30,
        barCompleteChar: '#',
        barIncompleteChar: '-',
        hideCursor: true,
        clearOnComplete: true,
        // The signal handling of the program is the only one.
        gracefulExit: false,
      },
      progress.Presets.legacy,
    );
    reporter.talkThrough((line) => {
      bars.log(line);
      // At once: what waits for the next frame is lost when the bars stop before it.
      bars.update();
    });
    drawn = bars;
    return bars;
  };
  return {
    get drawn() {
      return drawn;
    },
    open,
    stop: () => {
      drawn?.stop();
      reporter.talkThrough(undefined);
    },
  };
}

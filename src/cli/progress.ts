import type { MultiBar, SingleBar } from 'cli-progress';
import type { Context } from './context.js';

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
 * Opens progress bars on stderr when someone watches: stderr is a terminal and the run is not quiet. Nothing
 * is loaded or drawn otherwise.
 *
 * @param verb - What happens to the files: `encoding`.
 */
export async function openProgress(context: Context, verb: string, files: number): Promise<BatchProgress> {
  const { terminal, reporter } = context;
  if (terminal.stderr.isTTY !== true || reporter.options.quiet || terminal.env.TERM === 'dumb') return SILENT;
  const { default: progress } = await import('cli-progress');
  let bars: MultiBar | undefined;
  const open = (): MultiBar => {
    if (bars !== undefined) return bars;
    const opened = new progress.MultiBar(
      {
        stream: terminal.stderr as NodeJS.WritableStream,
        format: '{name} {bar} {value}/{total} {unit}',
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
      opened.log(line);
      // At once: what waits for the next frame is lost when the bars stop before it.
      opened.update();
    });
    bars = opened;
    return opened;
  };
  const all = files > 1 ? open().create(files, 0, { name: verb, unit: 'files' }) : undefined;
  const pictures = new Map<string, SingleBar>();
  return {
    fileDone: () => {
      all?.increment();
    },
    tiles: (name, done, total) => {
      if (total < 2) return;
      let bar = pictures.get(name);
      if (bar === undefined) {
        bar = open().create(total, 0, { name, unit: 'tiles' });
        pictures.set(name, bar);
        // At once: the next frame may be a tenth of a second away.
        bars?.update();
      }
      bar.update(done);
      if (done === total) bars?.remove(bar);
    },
    stop: () => {
      bars?.stop();
      reporter.talkThrough(undefined);
    },
  };
}

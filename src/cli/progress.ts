import type { SingleBar } from 'cli-progress';
import { isWatched, prepareBars } from './bars.js';
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
 * Opens progress bars on stderr when someone watches. Nothing is loaded or drawn otherwise.
 *
 * @param verb - What happens to the files: `encoding`.
 */
export async function openProgress(context: Context, verb: string, files: number): Promise<BatchProgress> {
  if (!isWatched(context)) return SILENT;
  const bars = await prepareBars(context, '{name} {bar} {value}/{total} {unit}');
  const all = files > 1 ? bars.open().create(files, 0, { name: verb, unit: 'files' }) : undefined;
  const pictures = new Map<string, SingleBar>();
  return {
    fileDone: () => {
      all?.increment();
    },
    tiles: (name, done, total) => {
      if (total < 2) return;
      let bar = pictures.get(name);
      if (bar === undefined) {
        bar = bars.open().create(total, 0, { name, unit: 'tiles' });
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

import type { MultiBar } from 'cli-progress';
import type { Context } from './context.js';

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

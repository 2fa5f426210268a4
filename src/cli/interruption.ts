import { EXIT, Interrupted } from './exit-codes.js';
import { removeUnfinishedFiles } from './temporary-files.js';
import type { Terminal } from './terminal.js';

const SHOW_CURSOR = '\u001b[?25h';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the signals that ask a program to stop into an abort of `controller`. Unfinished files are removed at
 * once, whatever the rest of the program is doing. A second signal, or a run that does not end within two
 * seconds, or the longer time that it has asked for, ends the process.
 *
 * The signals stay handled to the very end: one that arrives when the result is out already must not turn a run
 * that succeeded into one that was killed.
 *
 * @param onForced - Called with the reason before a run is ended that did not end by itself.
 * @returns To be called when the exit code is known; signals change nothing from then on.
 */
export function handleInterruption(
  controller: AbortController,
  terminal: Terminal,
  onForced: (reason: unknown) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const exitNow = () => {
    removeUnfinishedFiles();
    // Progress bars hide the cursor, and nobody else will bring it back.
    if (terminal.stderr.isTTY) terminal.stderr.write(SHOW_CURSOR);
    onForced(controller.signal.reason);
    terminal.exit(EXIT.interrupted);
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (isOver) return;
    removeUnfinishedFiles();
    if (controller.signal.aborted) return exitNow();
    const interrupted = new Interrupted(name);
    controller.abort(interrupted);
    // An executor cannot be stopped in mid-network.
    timer = setTimeout(exitNow, interrupted.graceMs);
    timer.unref();
  };
  for (const name of SIGNALS) terminal.signals.on(name, onSignal);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

import { EXIT, Interrupted } from './exit-codes.js';
import { removeUnfinishedFiles } from './write-output.js';

/** Time a run gets to end by itself after the first signal: an executor cannot be stopped in mid-network. */
const GRACE_MS = 2000;

const SHOW_CURSOR = '\u001b[?25h';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the signals that ask a program to stop into an abort of `controller`. Unfinished files are removed at
 * once, whatever the rest of the program is doing. A second signal, or a run that does not end within two
 * seconds, ends the process.
 *
 * @returns Switches the handling off again.
 */
export function handleInterruption(controller: AbortController): () => void {
  let timer: NodeJS.Timeout | undefined;
  const exitNow = () => {
    removeUnfinishedFiles();
    // Progress bars hide the cursor, and nobody else will bring it back.
    if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
    process.exit(EXIT.interrupted);
  };
  const onSignal = (name: NodeJS.Signals) => {
    removeUnfinishedFiles();
    if (controller.signal.aborted) exitNow();
    controller.abort(new Interrupted(name));
    timer = setTimeout(exitNow, GRACE_MS);
    timer.unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return () => {
    clearTimeout(timer);
    for (const name of SIGNALS) process.off(name, onSignal);
  };
}

import { Worker } from 'node:worker_threads';

/** A file that has not been judged after so many seconds hangs; the slowest takes a fraction of one. */
const PATIENCE_S = 60;

/** Looks at a counter from a thread of its own, and ends the process when it stands still. */
const SOURCE = `
const { workerData: { shared, patienceMs, message } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const [counter, never] = [new Int32Array(shared), new Int32Array(new SharedArrayBuffer(4))];
for (;;) {
  const seen = Atomics.load(counter, 0);
  Atomics.wait(never, 0, 0, patienceMs);
  if (Atomics.load(counter, 0) !== seen) continue;
  writeSync(2, message);
  process.kill(process.pid, 'SIGKILL');
}`;

/**
 * Watches that work goes on: nothing else notices a loop without an end.
 *
 * @param {string} message What to say when it does not.
 */
export function openWatchdog(message, patienceMs = 1000 * PATIENCE_S) {
  const shared = new SharedArrayBuffer(4);
  const counter = new Int32Array(shared);
  const worker = new Worker(SOURCE, {
    eval: true,
    execArgv: [],
    workerData: { shared, patienceMs, message },
  });
  return {
    /** To be called whenever something is done. */
    tick: () => void Atomics.add(counter, 0, 1),
    close: () => worker.terminate(),
  };
}

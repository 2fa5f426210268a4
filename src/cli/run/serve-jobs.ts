import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type JobReply, type JobRequest, READY } from '../../fleet/worker/protocol.js';
import { UsageError } from '../../index.js';
import { type Context, withCodec } from '../context.js';
import { EXIT, Interrupted } from '../exit-codes.js';
import { runJob } from './run-job.js';

/** The longest time that a timer can be set for: nobody waits for it. */
const MOST_TIMER_MS = 2 ** 31 - 1;

/**
 * Works on inputs that a worker sends, one after another, until the worker goes away. Signals are the worker's business: those
 * of a terminal or a service manager reach this process too, and what is in work is to be ended.
 *
 * @throws UsageError where there is no worker to talk to
 */
export async function serveJobs(context: Context): Promise<number> {
  if (process.send === undefined)
    throw new UsageError('no-worker', 'this command is started by `dicm run worker`');
  volunteerForOutOfMemory();
  endWithParent();
  context.signal.addEventListener('abort', () => {
    if (context.signal.reason instanceof Interrupted) context.signal.reason.graceMs = MOST_TIMER_MS;
  });
  const unheeded: Context = { ...context, signal: new AbortController().signal };
  return withCodec(unheeded, async (codec) => {
    // Before the first input, whose time they are no part of.
    await codec.openModel();
    await codec.openBackend();
    const say = (message: JobReply | typeof READY) => process.send!(message);
    const over = new Promise<void>((resolve) => process.once('disconnect', resolve));
    process.on('message', async (request: JobRequest) => say(await runJob(request, unheeded, codec)));
    say(READY);
    await over;
    return EXIT.ok;
  });
}

/**
 * Ends this process when its worker is gone, also while an input keeps it busy for ever and nothing of its own is heard: a thread
 * looks after that.
 */
function endWithParent(): void {
  const watch = `
    const { ppid, pid } = process;
    setInterval(() => process.ppid === ppid || process.kill(pid, 'SIGKILL'), 1000);
  `;
  new Worker(watch, { eval: true, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
}

/** Where memory runs out, Linux ends the process with the highest score: rather one that holds a single input than the worker. */
function volunteerForOutOfMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '900');
  } catch {
    // Another system, or not allowed.
  }
}

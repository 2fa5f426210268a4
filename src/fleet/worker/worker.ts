import { setTimeout as sleep } from 'node:timers/promises';
import { BackendError } from '../../errors.js';
import { isShardName } from '../stores/tar-shard.js';
import { type Key, type KeyFailure, type Piece, piecesOfFailures } from '../work-item.js';
import type { Lease, LeaseRules, ResultLine, WorkList } from '../work-list.js';
import { type KeyEnd, type KeyTools, runKey } from './key-run.js';
import { STOPPED } from './process-pool.js';
import type { JobFailure } from './protocol.js';
import { runShard, type ShardEnd } from './shard-run.js';
import { Slots } from './slots.js';
import type { WorkerEvent } from './worker-events.js';

/** How a worker works. */
export interface WorkerOptions extends KeyTools {
  readonly list: WorkList;
  readonly rules: LeaseRules;
  /** Inputs in work at a time, each in a process of its own. */
  readonly jobs: number;
  /** Wait for more when the list is done, instead of ending. */
  readonly stay: boolean;
  /** Aborted when the worker is to stop: it takes no more, ends what is in work, and hands back the rest. */
  readonly signal: AbortSignal;
  /** Time that inputs in work get to end after that. */
  readonly graceMs: number;
  readonly onEvent: (event: WorkerEvent) => void;
}

/** What a worker did. */
export interface WorkerEnd {
  done: number;
  failed: number;
  handedBack: number;
}

/** Inputs that are read or in work for each job: the next ones are there when a process is free, and no more are held in memory. */
const INPUTS_PER_JOB = 4;

/** After so many items the worker lets its work run dry, so that what was tried before gets its turn. */
const ITEMS_BETWEEN_TRIED = 200;

const MOST_POLL_MS = 1000;

/** Times that something is said to a list that does not answer. */
const LIST_TRIES = 6;

/**
 * Works on a list until nothing is left, or until told to stop. An item that was tried in vain is worked on alone: what takes down
 * the whole worker, not only its process, then takes nothing else with it.
 *
 * @throws BackendError `work-list-failed` when the list does not answer any more; `worker-failed` when no input can be worked
 *   on here: what is not done then goes back
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerEnd> {
  const worker = new Worker(options);
  return worker.run();
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #inputs: Slots;
  readonly #shards = new Slots(1);
  readonly #reading = new AbortController();
  readonly #held = new Map<Lease, Promise<void>>();
  readonly #end: WorkerEnd = { done: 0, failed: 0, handedBack: 0 };
  readonly #pollMs: number;
  #isStopping = false;
  #fatal: unknown;
  #sinceTried = 0;
  #askAgainAt = 0;
  #holdsTried = false;
  #wake = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#inputs = new Slots(INPUTS_PER_JOB * options.jobs);
    this.#pollMs = Math.min(MOST_POLL_MS, options.rules.leaseMs / 8);
  }

  async run(): Promise<WorkerEnd> {
    const { signal, rules, jobs, onEvent, pool } = this.#options;
    const stop = () => this.#stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const heart = setInterval(() => void this.#beat(), rules.leaseMs / 4);
    onEvent({ event: 'started', jobs });
    try {
      while (!this.#isStopping) {
        if (await this.#take()) continue;
        if (this.#held.size === 0 && !this.#options.stay && (await this.#options.list.isOver())) break;
        await this.#changeOr(this.#pollMs);
      }
    } catch (error) {
      this.#giveUp(error);
    }
    await Promise.all(this.#held.values());
    clearInterval(heart);
    signal.removeEventListener('abort', stop);
    pool.close();
    onEvent({ event: 'stopped', ...this.#end });
    if (this.#fatal !== undefined) throw this.#fatal;
    return this.#end;
  }

  /** Leases what there is room for. @returns Whether there was anything. */
  async #take(): Promise<boolean> {
    if (this.#holdsTried) return false;
    const { jobs } = this.#options;
    if (this.#held.size === 0) {
      this.#sinceTried = 0;
      const [tried] = await this.#ask((list) => list.lease('tried', 1));
      if (tried !== undefined) {
        this.#holdsTried = true;
        this.#begin(tried);
        return true;
      }
    }
    if (this.#inputs.waiting >= jobs || this.#sinceTried >= ITEMS_BETWEEN_TRIED) return false;
    // A list that had nothing is asked again after a while, not after each input that ends.
    if (this.#held.size > 0 && performance.now() < this.#askAgainAt) return false;
    const fresh = await this.#ask((list) => list.lease('fresh', 1));
    this.#sinceTried += fresh.length;
    if (fresh.length === 0) this.#askAgainAt = performance.now() + this.#pollMs;
    for (const lease of fresh) this.#begin(lease);
    return fresh.length > 0;
  }

  #begin(lease: Lease): void {
    const { id: item, keys, tries } = lease;
    this.#options.onEvent({ event: 'leased', item, inputs: keys.length, tries });
    const work = this.#work(lease)
      .catch((error) => this.#giveUp(error))
      .finally(() => {
        this.#held.delete(lease);
        if (lease.tries > 0) this.#holdsTried = false;
        this.#wake();
      });
    this.#held.set(lease, work);
  }

  async #work(lease: Lease): Promise<void> {
    const lines: ResultLine[] = [];
    const failures: KeyFailure[] = [];
    const left: Key[] = [];
    await Promise.all(
      lease.keys.map((key) =>
        this.#inputs.use(async () => {
          const end = await this.#one(lease, key);
          if (end === STOPPED) left.push(key);
          else if ('reason' in end) failures.push(end);
          else for (const line of end) lines.push(line);
          this.#wake();
        }),
      ),
    );
    const { tries } = this.#options.rules;
    const back: Piece[] = left.length === 0 ? [] : [{ keys: left, tries: lease.tries }];
    const pieces = [...back, ...piecesOfFailures(failures, lease.tries, tries)];
    this.#end.handedBack += left.length;
    await this.#ask((list) =>
      pieces.length === 0 ? list.done(lease, lines) : list.fail(lease, { lines, pieces }),
    );
  }

  async #one(lease: Lease, key: Key): Promise<readonly ResultLine[] | KeyFailure | typeof STOPPED> {
    if (this.#isStopping) return STOPPED;
    const began = performance.now();
    const end = await this.#run(key, lease.task);
    if (end === STOPPED) return STOPPED;
    if ('failure' in end) return this.#failed(lease, key, end.failure);
    this.#end.done++;
    const { isThere, bytesIn, bytesOut } = end;
    const elapsedMs = Math.round(performance.now() - began);
    const { command } = lease.task;
    this.#options.onEvent({
      ...{ event: 'done', source: key.source, command },
      ...{ isThere, bytesIn, bytesOut, elapsedMs },
    });
    return 'lines' in end ? end.lines : [{ key, line: JSON.stringify(end.record) }];
  }

  #run(key: Key, task: Lease['task']): Promise<KeyEnd | ShardEnd> {
    const tools = { ...this.#options, signal: this.#reading.signal, memberTries: this.#options.rules.tries };
    if (!isShardName(key.source)) return runKey(key, task, tools);
    // One at a time: a shard is in memory as a whole, and keeps all processes busy.
    return this.#shards.use(async () => (this.#isStopping ? STOPPED : runShard(key, task, tools)));
  }

  #failed(lease: Lease, key: Key, failure: JobFailure): KeyFailure | typeof STOPPED {
    const { onEvent, rules } = this.#options;
    const { command } = lease.task;
    const { code, message, isFinal, isFatal } = failure;
    // With the worker goes what its work needs: the next one tries it as if it had not been touched.
    if (this.#isStopping && !isFinal) return STOPPED;
    if (isFatal) {
      this.#giveUp(new BackendError('worker-failed', `no input can be worked on here: ${message} [${code}]`));
      return STOPPED;
    }
    this.#end.failed++;
    const isParked = isFinal || lease.tries + 1 >= rules.tries;
    onEvent({
      ...{ event: 'failed', source: key.source, command },
      ...{ code, message, tries: lease.tries + 1, isParked },
    });
    return { key, reason: describe(failure), isFinal };
  }

  /** Tells the list that all that is held is still in work. */
  async #beat(): Promise<void> {
    for (const lease of this.#held.keys()) {
      try {
        if (!(await this.#options.list.progress(lease)) && this.#held.has(lease)) {
          this.#options.onEvent({ event: 'lease-lost', item: lease.id });
        }
      } catch (error) {
        this.#options.onEvent({ event: 'list-unreachable', message: (error as Error).message });
      }
    }
  }

  /** Asks the list, again where it does not answer: a server may be restarted. */
  async #ask<R>(question: (list: WorkList) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await question(this.#options.list);
      } catch (error) {
        if (attempt === LIST_TRIES) throw error;
        this.#options.onEvent({ event: 'list-unreachable', message: (error as Error).message });
        await sleep(this.#pollMs * 2 ** attempt);
      }
    }
  }

  #giveUp(error: unknown): void {
    this.#fatal ??= error;
    this.#stop();
  }

  #stop(): void {
    if (this.#isStopping) return;
    const { onEvent, pool, graceMs } = this.#options;
    this.#isStopping = true;
    onEvent({ event: 'stopping', inWork: this.#held.size });
    pool.stopWaiting();
    this.#reading.abort();
    setTimeout(() => pool.close(), graceMs).unref();
    this.#wake();
  }

  async #changeOr(ms: number): Promise<void> {
    const changed = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([changed, time]);
    clearTimeout(timer);
  }
}

function describe({ code, message }: JobFailure): string {
  return `${message} [${code}]`;
}

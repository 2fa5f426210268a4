import { JobProcess, type JobRules } from './job-process.js';
import type { JobFailure, JobReply, JobRequest } from './protocol.js';

/** Processes in a row that do not start, after which no other will. */
const MOST_FAILED_STARTS = 3;

/** What a request gets that was never begun, or was ended with the pool. */
export const STOPPED = 'stopped';

interface Waiting {
  request: JobRequest;
  resolve: (reply: JobReply | typeof STOPPED) => void;
}

/** As many job processes as inputs are worked on at a time. They start when they are needed, and again when one has ended. */
export class ProcessPool {
  readonly #rules: JobRules;
  readonly #size: number;
  readonly #running = new Set<JobProcess>();
  readonly #idle: JobProcess[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #onEnd: (failure: JobFailure) => void;
  #busy = 0;
  #failedStarts = 0;
  #isClosed = false;

  /** @param onEnd - Told of each process that an input has ended. */
  constructor(size: number, rules: JobRules, onEnd: (failure: JobFailure) => void) {
    this.#size = size;
    this.#rules = rules;
    this.#onEnd = onEnd;
  }

  /** Works on one input as soon as a process is free. */
  run(request: JobRequest): Promise<JobReply | typeof STOPPED> {
    return new Promise((resolve) => {
      this.#waiting.push({ request, resolve });
      this.#next();
    });
  }

  /** Gives back what no process has begun; what is in work goes on. */
  stopWaiting(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(STOPPED);
  }

  /** Ends all processes. What is in work counts as stopped: the input is not to blame. */
  close(): void {
    this.#isClosed = true;
    this.stopWaiting();
    for (const job of this.#running) job.kill();
  }

  #next(): void {
    while (this.#busy < this.#size && this.#waiting.length > 0) {
      this.#busy++;
      void this.#work(this.#waiting.shift()!);
    }
  }

  async #work({ request, resolve }: Waiting): Promise<void> {
    const job = this.#take();
    const failedStart = await job.started;
    const reply = failedStart === undefined ? await job.run(request) : this.#afterFailedStart(failedStart);
    if (failedStart === undefined) this.#failedStarts = 0;
    if (job.hasEnded) {
      this.#running.delete(job);
      if ('failure' in reply && !this.#isClosed) this.#onEnd(reply.failure);
    } else this.#idle.push(job);
    this.#busy--;
    resolve(this.#isClosed && job.hasEnded ? STOPPED : reply);
    this.#next();
  }

  #take(): JobProcess {
    for (let job = this.#idle.pop(); job !== undefined; job = this.#idle.pop()) {
      if (!job.hasEnded) return job;
      this.#running.delete(job);
    }
    const job = new JobProcess(this.#rules);
    this.#running.add(job);
    return job;
  }

  /** One process may have been unlucky; when none starts, no input is to blame. */
  #afterFailedStart(failure: JobFailure): JobReply {
    this.#failedStarts++;
    const isFatal = failure.isFatal === true || this.#failedStarts >= MOST_FAILED_STARTS;
    return { failure: { ...failure, isFinal: false, isFatal } };
  }
}

import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type JobFailure, type JobReply, type JobRequest, READY } from './protocol.js';

/** How a job process is started, and what it may take for one input. */
export interface JobRules {
  /** Starts a process that speaks the protocol, with an IPC channel and stderr as a pipe. */
  readonly start: () => ChildProcess;
  /** Time for one input. */
  readonly timeLimitMs: number;
  /** Resident memory above which the process is ended; checked on Linux only. */
  readonly memoryLimitBytes?: number | undefined;
}

/** Time a process has to open model and executor. */
const START_LIMIT_MS = 180_000;

const MEMORY_LOOK_MS = 100;

/** What is kept of the last words of a process. */
const LAST_WORDS = 2000;

/**
 * A process that works on one input at a time, so that an input which ends its process, whether by a crash, for memory or because it
 * never comes to an end, costs nothing but itself.
 */
export class JobProcess {
  readonly #child: ChildProcess;
  readonly #rules: JobRules;
  readonly #started: Promise<JobFailure | undefined>;
  #settle: ((reply: JobReply) => void) | undefined;
  #endReason: Omit<JobFailure, 'isFinal'> | undefined;
  #lastWords = '';
  #hasEnded = false;

  constructor(rules: JobRules) {
    this.#rules = rules;
    this.#child = rules.start();
    this.#started = this.#waitForStart();
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.#lastWords = (this.#lastWords + piece.toString()).slice(-LAST_WORDS);
    });
    this.#child.on('message', (message) => this.#settle?.(message as JobReply));
    this.#child.on('error', (error) => this.#end({ code: 'process-died', message: error.message }));
    this.#child.on('exit', (exitCode, signal) => this.#end(this.#describeEnd(exitCode, signal)));
  }

  /** Whether the process is gone and cannot take another request. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Why the process could not start; undefined where it did. */
  get started(): Promise<JobFailure | undefined> {
    return this.#started;
  }

  /** Works on one input. Never rejects: whatever happens to the process is the failure of the input. */
  async run(request: JobRequest): Promise<JobReply> {
    const failure = await this.#started;
    if (failure !== undefined) return { failure };
    const { timeLimitMs } = this.#rules;
    return new Promise<JobReply>((resolve) => {
      const seconds = timeLimitMs / 1000;
      const timer = setTimeout(
        () => this.#endFor({ code: 'time-limit', message: `it took longer than ${seconds} s` }),
        timeLimitMs,
      );
      const memory = this.#watchMemory();
      this.#settle = (reply) => {
        this.#settle = undefined;
        clearTimeout(timer);
        clearInterval(memory);
        resolve(reply);
      };
      if (this.#hasEnded) this.#end({ code: 'process-died', message: 'its process had ended' });
      // A process that is gone says so by its end.
      else this.#child.send(request, () => undefined);
    });
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #waitForStart(): Promise<JobFailure | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.#endFor({ code: 'process-died', message: 'its process did not start' }),
        START_LIMIT_MS,
      );
      this.#settle = (message) => {
        this.#settle = undefined;
        clearTimeout(timer);
        resolve((message as unknown) === READY ? undefined : (message as { failure: JobFailure }).failure);
      };
    });
  }

  #endFor(reason: Omit<JobFailure, 'isFinal'>): void {
    this.#endReason ??= reason;
    this.kill();
  }

  #end(reason: Omit<JobFailure, 'isFinal'>): void {
    this.#hasEnded = true;
    this.#settle?.({ failure: { ...reason, isFinal: false } });
  }

  #describeEnd(exitCode: number | null, signal: string | null): Omit<JobFailure, 'isFinal'> {
    if (this.#endReason !== undefined) return this.#endReason;
    const how = signal === null ? `ended with code ${exitCode}` : `was ended by ${signal}`;
    const said = /^.*(fatal|error|abort|out of memory).*$/im.exec(this.#lastWords)?.[0].trim();
    return { code: 'process-died', message: `its process ${how}${said === undefined ? '' : `: ${said}`}` };
  }

  #watchMemory(): NodeJS.Timeout | undefined {
    const { memoryLimitBytes } = this.#rules;
    if (memoryLimitBytes === undefined) return undefined;
    return setInterval(async () => {
      const bytes = await residentBytes(this.#child.pid);
      if (bytes <= memoryLimitBytes) return;
      const [held, most] = [bytes, memoryLimitBytes].map((count) => Math.round(count / 1e6));
      this.#endFor({ code: 'memory-limit', message: `it took ${held} MB of memory, more than ${most} MB` });
    }, MEMORY_LOOK_MS);
  }
}

/** Memory that a process has in use; 0 where the system does not say. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

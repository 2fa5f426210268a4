import { formatBytes, formatDuration } from './format.js';

/** Sizes of what a job read and wrote, in bytes; left out where it reads or writes no files. */
export interface JobBytes {
  in?: number | undefined;
  out?: number | undefined;
}

/** What became of the inputs of a batch. */
export class BatchSummary {
  done = 0;
  skipped = 0;
  failed = 0;
  readonly #total: number;
  readonly #began = performance.now();
  readonly #bytes: JobBytes = {};

  /** @param leftOut - How many of the inputs were left out before the batch began. */
  constructor(total: number, leftOut = 0) {
    this.#total = total;
    this.skipped = leftOut;
  }

  /** Counts an input that is done. */
  add(bytes: JobBytes = {}): void {
    this.done++;
    for (const side of ['in', 'out'] as const) {
      if (bytes[side] !== undefined) this.#bytes[side] = (this.#bytes[side] ?? 0) + bytes[side];
    }
  }

  /** `12 done, 3 skipped, 1 failed; 34,567 B -> 1,234 B; 12.3 s`. */
  describe(): string {
    const { in: read, out: written } = this.#bytes;
    const left = this.#total - this.done - this.skipped - this.failed;
    const counts = [`${this.done} done`, `${this.skipped} skipped`, `${this.failed} failed`];
    if (left > 0) counts.push(`${left} not done`);
    const sizes = [read, written].filter((size) => size !== undefined).map(formatBytes);
    const parts = [counts.join(', '), sizes.join(' -> '), formatDuration(performance.now() - this.#began)];
    return parts.filter((part) => part !== '').join('; ');
  }
}

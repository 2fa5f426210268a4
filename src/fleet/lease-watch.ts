/** A lease as others see it: each sign of life of its holder makes another number. */
export interface SeenLease {
  readonly id: string;
  readonly token: string;
  readonly beat: number;
}

/** A lease counts as silent after this many looks at least, however far they lie apart. */
const LOOKS = 4;

/**
 * Finds leases whose holder is gone, without comparing clocks: a lease is over when this process has seen no sign of life
 * for the time of a lease by its own monotonic clock. Clocks that are wrong, are set, or stood still change nothing; a
 * process that was halted itself counts no more than a quarter of the time between two looks.
 */
export class LeaseWatch {
  readonly #leaseMs: number;
  readonly #seen = new Map<string, SeenLease & { silentMs: number }>();
  #lastLookMs: number | undefined;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * Looks at all leases there are.
   *
   * @param nowMs - Of a clock that never goes back.
   * @returns Those that are over.
   */
  look(leases: Iterable<SeenLease>, nowMs: number): SeenLease[] {
    const elapsedMs = nowMs - (this.#lastLookMs ?? nowMs);
    this.#lastLookMs = nowMs;
    const over: SeenLease[] = [];
    const still = new Set<string>();
    for (const lease of leases) {
      still.add(lease.id);
      const before = this.#seen.get(lease.id);
      const isSilent = before?.token === lease.token && before.beat === lease.beat;
      const silentMs = isSilent ? before.silentMs + Math.min(elapsedMs, this.#leaseMs / LOOKS) : 0;
      this.#seen.set(lease.id, { ...lease, silentMs });
      if (silentMs >= this.#leaseMs) over.push(lease);
    }
    for (const id of this.#seen.keys()) if (!still.has(id)) this.#seen.delete(id);
    return over;
  }
}

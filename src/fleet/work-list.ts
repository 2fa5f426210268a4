import type { Key, Piece, RunTask, WorkItem } from './work-item.js';

/** An item that a worker has for some time. */
export interface Lease extends WorkItem {
  readonly id: string;
  /** How often the item was tried in vain before. Above 0 it is the only one its worker has. */
  readonly tries: number;
}

/** A line of JSON about an input that is done. */
export interface ResultLine {
  readonly key: Key;
  readonly line: string;
}

/** What became of an item that is not done as a whole. */
export interface Outcome {
  /** Of the inputs that are done. */
  readonly lines: readonly ResultLine[];
  /** What goes back to the list. */
  readonly pieces: readonly Piece[];
}

/** What was added: items that were there already do not count. */
export interface Added {
  items: number;
  inputs: number;
}

/** How far a list is, in inputs. */
export interface WorkStatus {
  /** Wait for their first try. */
  readonly waiting: number;
  /** Wait to be tried again, alone. */
  readonly again: number;
  /** Are in work. */
  readonly leased: number;
  readonly done: number;
  readonly parked: number;
  /** Who has what in work, where the list knows. */
  readonly workers: readonly { readonly name: string; readonly inputs: number }[];
}

/** An input that was given up. */
export interface ParkedInput {
  readonly source: string;
  readonly command: RunTask['command'];
  readonly tries: number;
  readonly reason: string;
}

/** Which items {@link WorkList.lease} gives: those never tried, or one that was tried in vain. */
export type LeaseKind = 'fresh' | 'tried';

/**
 * What is to be done, shared by workers that come and go. An item is leased for a time, which `progress` extends; when nobody
 * does, the item goes back, its inputs one by one and marked as tried. Whoever leases an item that was tried in vain must have
 * nothing else in work, so that an input which takes its worker down takes no other input with it. So everything is done
 * at least once, and what is done must do no harm when it is done twice.
 *
 * All methods throw BackendError `work-list-failed` when the list cannot be reached.
 */
export interface WorkList {
  /** Adds items. */
  add(items: Iterable<WorkItem> | AsyncIterable<WorkItem>): Promise<Added>;
  /**
   * Leases items that wait.
   *
   * @param count - Most items, of the fresh ones; of those that were tried there is one at a time.
   */
  lease(kind: LeaseKind, count: number): Promise<Lease[]>;
  /** Says that an item is still in work. @returns Whether it still belongs to this lease. */
  progress(lease: Lease): Promise<boolean>;
  /** Ends a lease whose inputs are all done. A lease that was lost changes nothing but adds its lines. */
  done(lease: Lease, lines: readonly ResultLine[]): Promise<void>;
  /** Ends a lease of which something goes back. A lease that was lost changes nothing but adds its lines. */
  fail(lease: Lease, outcome: Outcome): Promise<void>;
  status(): Promise<WorkStatus>;
  /** Whether nothing waits and nothing is in work. */
  isOver(): Promise<boolean>;
  /** The inputs that were given up. */
  parked(): AsyncIterable<ParkedInput>;
  /** Lets all that were given up wait for a first try again. @returns How many inputs. */
  retry(): Promise<number>;
  /** The lines of all that is done, one for each input. */
  results(): AsyncIterable<string>;
  close(): Promise<void>;
}

/** How leases of a list behave. */
export interface LeaseRules {
  /** Time after which an item of which nothing is heard goes back. */
  readonly leaseMs: number;
  /** Tries after which an input is given up. */
  readonly tries: number;
  /** Name of the worker, for `status`. */
  readonly worker: string;
}

/** Of those who open a list and lease nothing. */
export const NO_LEASES: LeaseRules = { leaseMs: 60_000, tries: 3, worker: 'none' };

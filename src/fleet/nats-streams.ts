import type { Consumer, JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { BackendError } from '../errors.js';
import { type LeaseKind, type LeaseRules, NO_LEASES } from './work-list.js';

/** Time in which adding an item again adds nothing. */
const DUPLICATES_NS = 3600e9;

/** Streams of what came out, and of how much went in. */
export type EndPart = 'done' | 'parked' | 'added';

/** Name of a stream of a list. */
export function streamOf(name: string, part: EndPart | 'work'): string {
  return `dicm-${name}-${part}`;
}

/** Subject of the messages of a part of a list. */
export function subjectOf(name: string, part: EndPart | LeaseKind): string {
  return `dicm.${name}.${part}`;
}

/** Makes the streams of a list that are not there. */
export async function makeStreams(manager: JetStreamManager, name: string): Promise<void> {
  const parts = {
    work: ['fresh', 'tried'],
    done: ['done'],
    parked: ['parked'],
    added: ['added'],
  } as const;
  for (const [key, held] of Object.entries(parts)) {
    const part = key as keyof typeof parts;
    if ((await manager.streams.info(streamOf(name, part)).catch(() => undefined)) !== undefined) continue;
    await manager.streams.add({
      ...{ name: streamOf(name, part), subjects: held.map((subject) => subjectOf(name, subject)) },
      ...{ storage: 'file', duplicate_window: DUPLICATES_NS },
      // What is done with is gone from the stream of what is to be done, and stays in the others.
      retention: part === 'work' ? 'workqueue' : 'limits',
    });
  }
}

/**
 * Opens what hands out the items of a kind, all workers of a list the same one, and gives it the time of these leases.
 *
 * @param create - Make it if there is none.
 */
export async function openConsumer(
  stream: JetStreamClient,
  manager: JetStreamManager,
  name: string,
  kind: LeaseKind,
  rules: LeaseRules,
  create: boolean,
): Promise<Consumer> {
  const work = streamOf(name, 'work');
  const ack_wait = 1e6 * rules.leaseMs;
  const found = await manager.consumers.info(work, kind).catch(() => undefined);
  if (found === undefined && create) {
    await manager.consumers.add(work, {
      ...{ durable_name: kind, filter_subject: subjectOf(name, kind), ack_policy: 'explicit' as const },
      ...{ ack_wait, max_ack_pending: -1, max_deliver: -1 },
    });
  } else if (found !== undefined && rules !== NO_LEASES && found.config.ack_wait !== ack_wait) {
    await manager.consumers.update(work, kind, { ack_wait });
  }
  return stream.consumers.get(work, kind);
}

/** How to connect to a server by its address, which may name a user; a connection that is lost is made again. */
export function connectionOptions(server: string) {
  const { username, password, host, protocol } = new URL(server);
  const servers = `${protocol}//${host}`;
  const user =
    username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return { servers, ...user, maxReconnectAttempts: -1 };
}

/** The address for messages. */
export function withoutUser(server: string): string {
  return server.replace(/\/\/[^@/]*@/, '//');
}

/**
 * What the client or the server says, as an error with a name.
 *
 * @param create - Whether the list was to be made where it is not there.
 */
export function asNatsError(what: string, error: unknown, create: boolean): unknown {
  if (error instanceof BackendError) return error;
  const { message } = error as Error;
  const hint = create || !/not found/i.test(message) ? '' : '; `dicm run add` makes it';
  return new BackendError('work-list-failed', `${what} cannot be used: ${message}${hint}`, [], {
    cause: error,
  });
}

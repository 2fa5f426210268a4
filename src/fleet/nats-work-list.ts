import { createHash } from 'node:crypto';
import type { Consumer, JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { importOptional } from '../platform/node/optional-package.js';
import {
  asNatsError,
  connectionOptions,
  type EndPart,
  makeStreams,
  openConsumer,
  streamOf,
  subjectOf,
  withoutUser,
} from './nats-streams.js';
import { itemId, type Piece, piecesOfLoss, type RunTask, taskId, type WorkItem } from './work-item.js';
import type {
  Added,
  Lease,
  LeaseKind,
  LeaseRules,
  Outcome,
  ParkedInput,
  ResultLine,
  WorkList,
  WorkStatus,
} from './work-list.js';

type JetStream = typeof import('@nats-io/jetstream');
type Transport = typeof import('@nats-io/transport-node');

const PACKAGES = '@nats-io/transport-node @nats-io/jetstream';
const PURPOSE = 'Work lists on a NATS server';

/** Shortest time that the client waits for messages. */
const FETCH_MS = 1000;

/** Messages that are sent before their answers are waited for. */
const PAGE = 500;

/** An item as the server keeps it. */
interface StoredItem extends WorkItem {
  readonly tries: number;
}

/** An input that was given up, as the server keeps it. */
interface StoredParked extends StoredItem {
  readonly reason: string;
}

interface Held {
  readonly message: JsMsg;
  heardAtMs: number;
}

/**
 * A work list in streams of a NATS server: one of what is to be done, which the server hands out and takes back by its own clock, and
 * those of what came out. An item that the server hands out a second time was lost; it goes on as its inputs.
 */
export class NatsWorkList implements WorkList {
  readonly #connection: NatsConnection;
  readonly #stream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #name: string;
  readonly #rules: LeaseRules;
  readonly #held = new WeakMap<Lease, Held>();
  readonly #consumers: Readonly<Record<LeaseKind, Consumer>>;

  private constructor(
    connection: NatsConnection,
    stream: JetStreamClient,
    manager: JetStreamManager,
    consumers: Readonly<Record<LeaseKind, Consumer>>,
    name: string,
    rules: LeaseRules,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#manager = manager;
    this.#consumers = consumers;
    this.#name = name;
    this.#rules = rules;
  }

  /**
   * Opens a list.
   *
   * @param server - Address of the server, with a user where it wants one: `nats://user:word@host:4222`.
   * @param name - Of the list: letters, digits, `-` and `_`.
   * @param create - Make its streams if there are none.
   * @throws BackendError `missing-package`, `work-list-failed`
   */
  static async open(server: string, name: string, rules: LeaseRules, create: boolean): Promise<NatsWorkList> {
    const transport = await importOptional<Transport>('@nats-io/transport-node', PURPOSE, PACKAGES);
    const { jetstream, jetstreamManager } = await importOptional<JetStream>(
      '@nats-io/jetstream',
      PURPOSE,
      PACKAGES,
    );
    let connection: NatsConnection | undefined;
    try {
      connection = await transport.connect(connectionOptions(server));
      const manager = await jetstreamManager(connection);
      if (create) await makeStreams(manager, name);
      const stream = jetstream(connection);
      const consumers = {
        fresh: await openConsumer(stream, manager, name, 'fresh', rules, create),
        tried: await openConsumer(stream, manager, name, 'tried', rules, create),
      };
      return new NatsWorkList(connection, stream, manager, consumers, name, rules);
    } catch (error) {
      await connection?.close();
      throw asNatsError(`the work list ${name} on ${withoutUser(server)}`, error, create);
    }
  }

  async add(items: Iterable<WorkItem> | AsyncIterable<WorkItem>): Promise<Added> {
    return this.#ask(async () => {
      const added: Added = { items: 0, inputs: 0 };
      let page: Promise<void>[] = [];
      let counted = 0;
      const flush = async () => {
        await Promise.all(page);
        page = [];
        if (added.inputs === counted) return;
        await this.#publish('added', String(added.inputs - counted), undefined);
        counted = added.inputs;
      };
      for await (const item of items) {
        const stored: StoredItem = { ...item, tries: 0 };
        const sent = this.#publish('fresh', stored, itemId(item)).then((isNew) => {
          if (!isNew) return;
          added.items++;
          added.inputs += item.keys.length;
        });
        page.push(sent);
        if (page.length === PAGE) await flush();
      }
      await flush();
      return added;
    });
  }

  async lease(kind: LeaseKind, count: number): Promise<Lease[]> {
    return this.#ask(async () => {
      if (kind === 'tried') await this.#takeBackLost();
      return this.#fetch(kind, kind === 'fresh' ? count : 1);
    });
  }

  /** Lets the server hand out again what was lost of the fresh items, where it has nothing else to hand out. */
  async #takeBackLost(): Promise<void> {
    const { num_pending, num_ack_pending } = await this.#consumers.fresh.info();
    if (num_pending > 0 || num_ack_pending === 0) return;
    for (const lease of await this.#fetch('fresh', 1)) {
      // Added this very moment.
      this.#held.get(lease)?.message.nak();
    }
  }

  async #fetch(kind: LeaseKind, count: number): Promise<Lease[]> {
    const consumer = this.#consumers[kind];
    const { num_pending, num_ack_pending } = await consumer.info();
    if (num_pending + num_ack_pending === 0) return [];
    const leases: Lease[] = [];
    const messages = await consumer.fetch({ max_messages: count, expires: FETCH_MS });
    for await (const message of messages) {
      const { keys, task, tries } = message.json<StoredItem>();
      if (message.info.deliveryCount > 1) {
        await this.#putBack(message, task, piecesOfLoss(keys, tries, this.#rules.tries));
        message.ack();
        continue;
      }
      const lease: Lease = { id: itemId({ keys, task }), task, keys, tries };
      this.#held.set(lease, { message, heardAtMs: performance.now() });
      leases.push(lease);
      if (leases.length === count) break;
    }
    return leases;
  }

  async progress(lease: Lease): Promise<boolean> {
    const held = this.#held.get(lease);
    if (held === undefined || !this.#isHeld(held)) return false;
    held.message.working();
    held.heardAtMs = performance.now();
    return true;
  }

  async done(lease: Lease, lines: readonly ResultLine[]): Promise<void> {
    return this.fail(lease, { lines, pieces: [] });
  }

  async fail(lease: Lease, { lines, pieces }: Outcome): Promise<void> {
    return this.#ask(async () => {
      const task = taskId(lease.task);
      await Promise.all(
        lines.map(({ key, line }) => this.#publish('done', line, `${task}:${digest(key.source)}`)),
      );
      const held = this.#held.get(lease);
      if (held === undefined || !this.#isHeld(held)) return;
      await this.#putBack(held.message, lease.task, pieces);
      this.#held.delete(lease);
      await held.message.ackAck();
    });
  }

  /** Whether the server has not taken an item back meanwhile, as far as the time that passed here tells. */
  #isHeld({ heardAtMs }: Held): boolean {
    return performance.now() - heardAtMs < this.#rules.leaseMs;
  }

  /** What is left of an item; sent twice, by whoever had it and whoever has it now, it is there once. */
  async #putBack(message: JsMsg, task: RunTask, pieces: readonly Piece[]): Promise<void> {
    await Promise.all(
      pieces.map(({ keys, tries, parked }) => {
        const stored: StoredItem = { task, keys, tries };
        const id = `${message.seq}:${itemId(stored)}:${tries}`;
        if (parked === undefined) return this.#publish(tries === 0 ? 'fresh' : 'tried', stored, id);
        return this.#publish('parked', { ...stored, reason: parked } satisfies StoredParked, id);
      }),
    );
  }

  async status(): Promise<WorkStatus> {
    return this.#ask(async () => {
      const [fresh, tried] = await Promise.all([this.#consumers.fresh.info(), this.#consumers.tried.info()]);
      const count = async (part: EndPart) =>
        (await this.#manager.streams.info(streamOf(this.#name, part))).state.messages;
      let given = 0;
      for await (const text of this.#read('added')) given += Number(text.string());
      const [done, parked, again] = [await count('done'), await count('parked'), tried.num_pending];
      // The server counts items: those that nobody has tried yet share what is left.
      const left = Math.max(0, given - done - parked - again - tried.num_ack_pending);
      const items = fresh.num_pending + fresh.num_ack_pending;
      const waiting = items === 0 ? 0 : Math.round((left * fresh.num_pending) / items);
      const leased = items === 0 ? 0 : left - waiting;
      return { waiting, again, leased: leased + tried.num_ack_pending, done, parked, workers: [] };
    });
  }

  async isOver(): Promise<boolean> {
    return this.#ask(async () => {
      const infos = await Promise.all([this.#consumers.fresh.info(), this.#consumers.tried.info()]);
      return infos.every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0);
    });
  }

  async *parked(): AsyncGenerator<ParkedInput, void, undefined> {
    for await (const message of this.#read('parked')) {
      const { keys, task, tries, reason } = message.json<StoredParked>();
      for (const { source } of keys) yield { source, command: task.command, tries, reason };
    }
  }

  async retry(): Promise<number> {
    return this.#ask(async () => {
      let inputs = 0;
      for await (const message of this.#read('parked')) {
        const { keys, task } = message.json<StoredParked>();
        await this.#publish('fresh', { task, keys, tries: 0 } satisfies StoredItem, `retry:${message.seq}`);
        await this.#manager.streams.deleteMessage(streamOf(this.#name, 'parked'), message.seq, false);
        inputs += keys.length;
      }
      return inputs;
    });
  }

  async *results(): AsyncGenerator<string, void, undefined> {
    // What was done twice, hours apart, has two lines.
    const seen = new Set<string>();
    for await (const message of this.#read('done')) {
      const id = message.headers?.get('Nats-Msg-Id') ?? '';
      if (seen.has(id)) continue;
      seen.add(id);
      yield message.string();
    }
  }

  /** All messages of a stream of what came out. */
  async *#read(part: EndPart): AsyncGenerator<JsMsg, void, undefined> {
    const consumer = await this.#stream.consumers.get(streamOf(this.#name, part));
    if ((await consumer.info()).num_pending === 0) return;
    for await (const message of await consumer.consume()) {
      yield message;
      if (message.info.pending === 0) return;
    }
  }

  async close(): Promise<void> {
    await this.#connection.drain().catch(() => undefined);
  }

  /** @returns Whether it is new to the server. */
  async #publish(
    part: EndPart | LeaseKind,
    content: object | string,
    msgID: string | undefined,
  ): Promise<boolean> {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const { duplicate } = await this.#stream.publish(subjectOf(this.#name, part), text, { msgID });
    return !duplicate;
  }

  async #ask<R>(question: () => Promise<R>): Promise<R> {
    try {
      return await question();
    } catch (error) {
      throw asNatsError(`the work list ${this.#name}`, error, true);
    }
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

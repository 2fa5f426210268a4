import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Key, piecesOfFailures, type RunTask, shardKeys } from '../../src/fleet/work-item.js';
import type { Lease, LeaseKind, LeaseRules, WorkList } from '../../src/fleet/work-list.js';

export const TASK: RunTask = { command: 'encode', options: { quality: 40, maxSide: 64 }, output: '/out' };

/** Inputs a0, a1, ... */
export function keysNamed(letter: string, count: number): Key[] {
  return Array.from({ length: count }, (_, i) => ({
    source: `/in/${letter}${i}.png`,
    name: `${letter}${i}`,
  }));
}

const line = (key: Key) => ({ key, line: JSON.stringify({ file: key.source }) });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * What every engine must do.
 *
 * @param rules - Of the lists: leases are short, since some tests wait for their end.
 * @param open - Opens the same empty list again and again within a test.
 */
export function describeWorkList(
  name: string,
  rules: LeaseRules,
  open: () => Promise<() => Promise<WorkList>>,
): void {
  const withList = async (use: (list: WorkList, other: () => Promise<WorkList>) => Promise<void>) => {
    const again = await open();
    const lists: WorkList[] = [];
    const another = async () => {
      lists.push(await again());
      return lists.at(-1)!;
    };
    try {
      await use(await another(), another);
    } finally {
      for (const list of lists) await list.close();
    }
  };
  const names = (leases: readonly Lease[]) => leases.map(({ keys }) => keys.map((key) => key.name));
  /** What is leased within some time; engines may need a moment. */
  const leaseSoon = async (list: WorkList, kind: LeaseKind, waitMs = 20_000): Promise<Lease | undefined> => {
    for (const until = performance.now() + waitMs; performance.now() < until; await sleep(50)) {
      const [lease] = await list.lease(kind, 1);
      if (lease !== undefined) return lease;
    }
    return undefined;
  };

  describe(name, () => {
    test('gives each item once, in order, and knows what is left', () =>
      withList(async (list, another) => {
        const items = await collect(shardKeys(TASK, keysNamed('a', 7), 3));
        expect(await list.add(items)).toEqual({ items: 3, inputs: 7 });
        expect(await list.add(items)).toEqual({ items: 0, inputs: 0 });
        expect(await list.isOver()).toBe(false);
        const other = await another();
        const first = await list.lease('fresh', 1);
        const rest = await other.lease('fresh', 5);
        expect(names([...first, ...rest])).toEqual([['a0', 'a1', 'a2'], ['a3', 'a4', 'a5'], ['a6']]);
        expect(first[0]).toMatchObject({ task: TASK, tries: 0 });
        expect(await list.lease('fresh', 5)).toEqual([]);
        expect(await list.lease('tried', 1)).toEqual([]);
        expect(await list.status()).toMatchObject({ waiting: 0, leased: 7, done: 0 });
        for (const lease of [...first, ...rest]) {
          const owner = lease === first[0] ? list : other;
          await owner.done(lease, lease.keys.map(line));
        }
        expect(await list.isOver()).toBe(true);
        expect(await list.status()).toMatchObject({ waiting: 0, again: 0, leased: 0, done: 7, parked: 0 });
        const files = (await collect(list.results())).map((text) => JSON.parse(text).file);
        expect(files.sort()).toEqual(keysNamed('a', 7).map(({ source }) => source));
      }));

    test('gives what was tried in vain one by one, and only to whoever asks for it', () =>
      withList(async (list) => {
        await list.add(shardKeys(TASK, keysNamed('a', 4), 4));
        const [lease] = await list.lease('fresh', 1);
        const [, bad, worse] = lease!.keys;
        const failures = [bad!, worse!].map((key) => ({ key, reason: 'it is bad', isFinal: key === worse }));
        await list.fail(lease!, {
          lines: [lease!.keys[0]!, lease!.keys[3]!].map(line),
          pieces: piecesOfFailures(failures, 0, rules.tries),
        });
        expect(await list.status()).toMatchObject({ waiting: 0, again: 1, leased: 0, done: 2, parked: 1 });
        expect(await list.lease('fresh', 9)).toEqual([]);
        const tried = (await leaseSoon(list, 'tried'))!;
        expect([names([tried]), tried.tries]).toEqual([[['a1']], 1]);
        expect(await collect(list.parked())).toEqual([
          { source: '/in/a2.png', command: 'encode', tries: 1, reason: 'it is bad' },
        ]);
        await list.done(tried, tried.keys.map(line));
        expect(await list.isOver()).toBe(true);
      }));

    test('gives up what was tried often enough, until told to try again', () =>
      withList(async (list) => {
        await list.add(shardKeys(TASK, keysNamed('a', 1), 8));
        for (let tries = 0; tries < rules.tries; tries++) {
          const lease = (await leaseSoon(list, tries === 0 ? 'fresh' : 'tried'))!;
          expect(lease.tries).toBe(tries);
          const failures = [{ key: lease.keys[0]!, reason: `try ${tries + 1}`, isFinal: false }];
          await list.fail(lease, { lines: [], pieces: piecesOfFailures(failures, tries, rules.tries) });
        }
        expect(await list.isOver()).toBe(true);
        expect(await collect(list.parked())).toEqual([
          { source: '/in/a0.png', command: 'encode', tries: 3, reason: 'try 3' },
        ]);
        expect(await list.retry()).toBe(1);
        expect(await list.retry()).toBe(0);
        const lease = (await leaseSoon(list, 'fresh'))!;
        expect([names([lease]), lease.tries]).toEqual([[['a0']], 0]);
        await list.done(lease, lease.keys.map(line));
        expect(await list.status()).toMatchObject({ done: 1, parked: 0 });
      }));

    test('takes back what nothing is heard of, input by input, and lets late answers do no harm', () =>
      withList(async (list, another) => {
        await list.add(shardKeys(TASK, keysNamed('a', 2), 2));
        const [lost] = await list.lease('fresh', 1);
        const other = await another();
        const first = (await leaseSoon(other, 'tried'))!;
        expect([names([first]), first.tries]).toEqual([[['a0']], 1]);
        await other.done(first, first.keys.map(line));
        const second = (await leaseSoon(other, 'tried'))!;
        expect(names([second])).toEqual([['a1']]);
        // The first holder was only slow.
        expect(await list.progress(lost!)).toBe(false);
        await list.done(lost!, lost!.keys.map(line));
        await other.done(second, second.keys.map(line));
        expect(await other.isOver()).toBe(true);
        expect(await other.status()).toMatchObject({ again: 0, leased: 0, done: 2 });
        expect(await collect(other.results())).toHaveLength(2);
      }));

    test('leaves to its holder what it hears of', () =>
      withList(async (list, another) => {
        await list.add(shardKeys(TASK, keysNamed('a', 1), 1));
        const [lease] = await list.lease('fresh', 1);
        const other = await another();
        let isOurs = true;
        const heart = setInterval(async () => {
          isOurs &&= await list.progress(lease!);
        }, rules.leaseMs / 6);
        for (
          const until = performance.now() + 3 * rules.leaseMs;
          performance.now() < until;
          await sleep(50)
        ) {
          expect(await other.lease('tried', 1)).toEqual([]);
          expect(await other.lease('fresh', 1)).toEqual([]);
        }
        clearInterval(heart);
        expect(isOurs).toBe(true);
        await list.done(lease!, []);
        expect(await other.isOver()).toBe(true);
      }));

    test('takes back what is handed back, as if it had not been touched', () =>
      withList(async (list) => {
        await list.add(shardKeys(TASK, keysNamed('a', 3), 3));
        const [lease] = await list.lease('fresh', 1);
        await list.fail(lease!, {
          lines: [line(lease!.keys[0]!)],
          pieces: [{ keys: lease!.keys.slice(1), tries: 0 }],
        });
        const next = (await leaseSoon(list, 'fresh'))!;
        expect([names([next]), next.tries]).toEqual([[['a1', 'a2']], 0]);
        await list.fail(next, { lines: [], pieces: [{ keys: next.keys, tries: 0 }] });
        const last = (await leaseSoon(list, 'fresh'))!;
        expect(names([last])).toEqual([['a1', 'a2']]);
        await list.done(last, last.keys.map(line));
        expect(await list.status()).toMatchObject({ waiting: 0, done: 3 });
      }));
  });
}

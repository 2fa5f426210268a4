import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { openWorkList } from '../../fleet/open-work-list.js';
import { NO_LEASES, type ParkedInput, type WorkList, type WorkStatus } from '../../fleet/work-list.js';
import type { Context, RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { formatTable } from '../format.js';
import { addList, type ListFlags } from '../run/run-options.js';

interface StatusFlags extends ListFlags {
  watch?: boolean;
}

const WATCH_MS = 2000;

/** Parked inputs that are shown to people; `--json` names all. */
const SHOWN_PARKED = 20;

/** Adds `dicm run status`, `retry` and `results`. */
export function addRunStatus(group: Command, run: RunAction) {
  addList(
    group
      .command('status')
      .summary('how far a list is, and what was given up')
      .description('Say how far a list is, who works on it, and which inputs were given up and why.'),
  )
    .option('--watch', 'say it again every other second, until nothing is left')
    .action((_: unknown, command: Command) => run((context) => status(context, command.opts<StatusFlags>())));
  addList(
    group
      .command('retry')
      .summary('let workers try again what was given up')
      .description('Let workers try again all inputs that were given up, as if they were new.'),
  ).action((_: unknown, command: Command) => run((context) => retry(context, command.opts<ListFlags>())));
  addList(
    group
      .command('results')
      .summary('what came out, one JSON object a line')
      .description(
        'Write a JSON object for each input that is done, on a line of stdout: that of dicm encode or analyze.',
      ),
  ).action((_: unknown, command: Command) => run((context) => results(context, command.opts<ListFlags>())));
}

async function withList<R>({ work }: ListFlags, use: (list: WorkList) => Promise<R>): Promise<R> {
  const list = await openWorkList(work, NO_LEASES, false);
  try {
    return await use(list);
  } finally {
    await list.close();
  }
}

/** @returns 1 where inputs were given up */
async function status({ reporter, signal }: Context, flags: StatusFlags): Promise<number> {
  return withList(flags, async (list) => {
    for (;;) {
      const now = await list.status();
      const parked: ParkedInput[] = [];
      for await (const input of list.parked()) {
        parked.push(input);
        if (parked.length === SHOWN_PARKED && !reporter.options.json) break;
      }
      if (reporter.options.json)
        reporter.json({ schema: 'dicm.run/1', ...now, given: sum(now), inputs: parked });
      else reporter.text(describe(now, parked));
      const isOver = now.waiting + now.again + now.leased === 0;
      if (!flags.watch || isOver) return now.parked > 0 ? EXIT.someFailed : EXIT.ok;
      await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  });
}

function sum({ waiting, again, leased, done, parked }: WorkStatus): number {
  return waiting + again + leased + done + parked;
}

function describe(status: WorkStatus, parked: readonly ParkedInput[]): string {
  const { done, leased, waiting, again } = status;
  const counts = [`${done} of ${sum(status)} done`, `${leased} in work`, `${waiting} waiting`];
  if (again > 0) counts.push(`${again} to be tried again`);
  if (status.parked > 0) counts.push(`${status.parked} given up`);
  const parts = [counts.join(', ')];
  if (status.workers.length > 0) {
    parts.push(formatTable(status.workers.map(({ name, inputs }) => [`  ${name}`, `${inputs} in work`])));
  }
  if (parked.length > 0) {
    parts.push(formatTable(parked.map(({ source, reason }) => [`  ${source}`, reason])));
    const more = status.parked - parked.length;
    if (more > 0) parts.push(`  and ${more} more; --json names all`);
  }
  return parts.join('\n');
}

async function retry({ reporter }: Context, flags: ListFlags): Promise<number> {
  const inputs = await withList(flags, (list) => list.retry());
  if (reporter.options.json) reporter.json({ schema: 'dicm.retry/1', inputs });
  reporter.say(inputs === 0 ? 'nothing was given up' : `${inputs} will be tried again`);
  return EXIT.ok;
}

/** Lines are as long as vectors: each waits until the reader has taken those before it. */
async function results({ terminal }: Context, flags: ListFlags): Promise<number> {
  return withList(flags, async (list) => {
    for await (const line of list.results()) {
      if (terminal.stdout.write(`${line}\n`)) continue;
      await new Promise<void>((resolve) => terminal.stdout.write('', () => resolve()));
      if (terminal.stdout.errored || terminal.stdout.destroyed) break;
    }
    return EXIT.ok;
  });
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawPictures } from '../cli/run/pictures.js';
import { dicm, jsonLines, MODELS, PROGRAM, scratchFolder } from '../cli/run-cli.js';
import { hasNatsServer, startNatsServer } from './nats-server.js';

const PICTURES = 150;
const WORKERS = 2;
/** Longest time between two kills: most workers have begun to work by then, some are still starting. */
const MOST_LIFE_MS = 3500;

const folder = scratchFolder();

/** A list under test, its outputs beside it. */
interface TestList {
  work: string;
  output: string;
}

async function ok(args: string[]) {
  const result = await dicm(args, { cwd: folder });
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

/** A further round of the same pictures: another quality. */
const add = ({ work, output }: TestList, round: number) => {
  const options = ['-q', String(20 + round), '-o', output, '--shard-size', '8'];
  return ok(['run', 'add', 'encode', '-r', 'pictures', '--work', work, ...options]);
};

function startWorker(work: string): ChildProcess {
  // Kills are nobody's fault here, however often they come.
  const args = ['run', 'worker', '--work', work, '--jobs', '2', '--lease', '4', '--tries', '100', '--stay'];
  return spawn(process.execPath, [PROGRAM, ...args, '--quiet'], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' },
  });
}

/** Job processes of a worker. */
function childrenOf({ pid }: ChildProcess): number[] {
  try {
    const text = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return text.trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

async function statusOf(work: string) {
  const [status] = jsonLines(await dicm(['run', 'status', '--work', work, '--json'], { cwd: folder }));
  return status as Record<'waiting' | 'again' | 'leased' | 'done' | 'parked' | 'given', number>;
}

const isOver = ({ waiting, again, leased }: Awaited<ReturnType<typeof statusOf>>) =>
  waiting + again + leased === 0;

/** Names of outputs, and their bytes. */
function outputs(name: string): Map<string, Buffer> {
  const names = readdirSync(join(folder, name)).filter((file) => !file.startsWith('.'));
  return new Map(names.sort().map((file) => [file, readFileSync(join(folder, name, file))]));
}

/** Kills workers and job processes while they work. @returns How many rounds of the pictures were added. */
async function workAmongKills(list: TestList, kills: number): Promise<number> {
  let rounds = 1;
  await add(list, 0);
  const workers = Array.from({ length: WORKERS }, () => startWorker(list.work));
  for (let killed = 0; killed < kills; killed++) {
    await sleep(Math.random() * MOST_LIFE_MS);
    const at = Math.floor(Math.random() * WORKERS);
    const children = childrenOf(workers[at]!);
    // Every third kill ends one job process, where there is one, the others a worker with all it has.
    const child = killed % 3 === 0 ? children[Math.floor(Math.random() * children.length)] : undefined;
    const victim = child ?? workers[at]!.pid!;
    try {
      process.kill(victim, 'SIGKILL');
    } catch {
      // Gone by itself in the meantime.
    }
    if (victim === workers[at]!.pid) workers[at] = startWorker(list.work);
    if (isOver(await statusOf(list.work))) await add(list, rounds++);
  }
  while (!isOver(await statusOf(list.work))) await sleep(500);
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  return rounds;
}

/** Compares with what a single worker makes that nobody kills. */
async function expectWhole(list: TestList, rounds: number): Promise<void> {
  const whole = { work: `${list.output}.whole`, output: `${list.output}-whole` };
  for (let round = 0; round < rounds; round++) await add(whole, round);
  await ok(['run', 'worker', '--work', whole.work, '--jobs', '2']);
  const wanted = outputs(whole.output);
  expect(wanted.size).toBe(rounds * PICTURES);
  const found = outputs(list.output);
  expect([...found.keys()]).toEqual([...wanted.keys()]);
  for (const [name, bytes] of wanted) expect(found.get(name)!.equals(bytes), name).toBe(true);
  expect(await statusOf(list.work)).toMatchObject({ done: wanted.size, parked: 0, given: wanted.size });
  const lines = jsonLines(await ok(['run', 'results', '--work', list.work]));
  const named = lines.map(({ output }) => output);
  expect(new Set(named).size).toBe(wanted.size);
  expect(named).toHaveLength(wanted.size);
}

describe.skipIf(process.platform === 'win32')(
  'workers and job processes killed at any moment lose nothing, do nothing twice and change no byte',
  { timeout: 1_800_000 },
  () => {
    beforeAll(() => drawPictures(join(folder, 'pictures'), PICTURES));

    test('fifty of them, on a list in a file', async () => {
      const list = { work: 'killed', output: 'coded' };
      await expectWhole(list, await workAmongKills(list, 50));
    });

    test.skipIf(!hasNatsServer)('ten of them, on a list on a server', async () => {
      const server = await startNatsServer();
      try {
        const list = { work: `${server.address}/killed`, output: 'coded-nats' };
        await expectWhole(list, await workAmongKills(list, 10));
      } finally {
        await server.stop();
      }
    });
  },
);

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { drawPictures } from '../cli/run/pictures.js';
import { dicm, jsonLines, MODELS, PROGRAM, scratchFolder } from '../cli/run-cli.js';

const KILLS = 50;
const PICTURES = 150;
const WORKERS = 2;
/** Longest time between two kills: most workers have begun to work by then, some are still starting. */
const MOST_LIFE_MS = 3500;

const folder = scratchFolder();

async function ok(args: string[]) {
  const result = await dicm(args, { cwd: folder });
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

/** A further round of the same pictures: another quality. */
const add = (work: string, round: number) => {
  const options = ['-q', String(20 + round), '-o', `coded-${work}`, '--shard-size', '8'];
  return ok(['run', 'add', 'encode', '-r', 'pictures', '--work', work, ...options]);
};

function startWorker(work: string): ChildProcess {
  // Kills are nobody's fault here, however often they come.
  const args = ['run', 'worker', '--work', work, '--jobs', '2', '--lease', '2', '--tries', '100', '--stay'];
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

test.skipIf(process.platform === 'win32')(
  'fifty workers and job processes killed at any moment lose nothing, do nothing twice and change no byte',
  { timeout: 1_800_000 },
  async () => {
    await drawPictures(join(folder, 'pictures'), PICTURES);
    let rounds = 1;
    await add('killed', 0);
    const workers = Array.from({ length: WORKERS }, () => startWorker('killed'));
    for (let kills = 0; kills < KILLS; ) {
      await sleep(Math.random() * MOST_LIFE_MS);
      const at = Math.floor(Math.random() * WORKERS);
      const children = childrenOf(workers[at]!);
      // Every third kill ends one job process, the others a worker with all it has.
      const victim =
        kills % 3 === 0 ? children[Math.floor(Math.random() * children.length)] : workers[at]!.pid;
      if (victim === undefined) continue;
      kills++;
      try {
        process.kill(victim, 'SIGKILL');
      } catch {
        // Gone by itself in the meantime.
      }
      if (victim === workers[at]!.pid) workers[at] = startWorker('killed');
      if (isOver(await statusOf('killed'))) await add('killed', rounds++);
    }
    while (!isOver(await statusOf('killed'))) await sleep(500);
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));

    for (let round = 0; round < rounds; round++) await add('whole', round);
    await ok(['run', 'worker', '--work', 'whole', '--jobs', '2']);
    const wanted = outputs('coded-whole');
    expect(wanted.size).toBe(rounds * PICTURES);
    const found = outputs('coded-killed');
    expect([...found.keys()]).toEqual([...wanted.keys()]);
    for (const [name, bytes] of wanted) expect(found.get(name)!.equals(bytes), name).toBe(true);
    expect(await statusOf('killed')).toMatchObject({ done: wanted.size, parked: 0, given: wanted.size });
    const lines = jsonLines(await ok(['run', 'results', '--work', 'killed']));
    const named = lines.map(({ output }) => output);
    expect(new Set(named).size).toBe(wanted.size);
    expect(named).toHaveLength(wanted.size);
  },
);

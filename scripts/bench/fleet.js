// Work lists and fleets: node scripts/bench/fleet.js [--jobs N] [--pictures N] [--workers N] [--picture-ms MS]
//   engines     empty jobs through a list in a SQLite file and, where nats-server is on the PATH, one on a server: how many a second
//   simulation  a fleet on a virtual clock whose workers die (simulate-fleet.js): when it is done, and what dying costs
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openWorkList } from '#dicm/fleet/open-work-list.js';
import { shardKeys } from '#dicm/fleet/work-item.js';
import { table } from '../support/table.js';
import { FleetSimulation } from './simulate-fleet.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    pictures: { type: 'string', default: '10000000' },
    workers: { type: 'string', default: '500' },
    'picture-ms': { type: 'string', default: '100' },
  },
});
const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'dicm-bench-fleet-'));

/** Adds, leases and ends empty jobs, one input each, 100 leases at a time. @param {string} address @param {number} jobs */
async function measureEngine(address, jobs) {
  const rules = { leaseMs: 60_000, tries: 3, worker: 'bench' };
  const list = await openWorkList(address, rules, true);
  const task = /** @type {const} */ ({ command: 'encode', options: {}, output: '/out' });
  const keys = Array.from({ length: jobs }, (_, i) => ({ source: `/in/${i}.jpg`, name: String(i) }));
  const began = performance.now();
  await list.add(shardKeys(task, keys, 1));
  const added = performance.now();
  let done = 0;
  while (done < jobs) {
    const leases = await list.lease('fresh', 100);
    await Promise.all(
      leases.map((lease) =>
        list.done(
          lease,
          lease.keys.map((key) => ({ key, line: '{}' })),
        ),
      ),
    );
    done += leases.length;
  }
  const ended = performance.now();
  await list.close();
  return [Math.round((1000 * jobs) / (added - began)), Math.round((1000 * jobs) / (ended - added))];
}

async function measureEngines() {
  const jobs = Number(values.jobs);
  const rows = [['SQLite file', ...(await measureEngine(join(folder, 'list.sqlite'), jobs))]];
  if (spawnSync('nats-server', ['--version']).status === 0) {
    const port = 42_000 + (process.pid % 10_000);
    const store = join(folder, 'nats');
    const server = spawn('nats-server', ['-js', '-sd', store, '-a', '127.0.0.1', '-p', String(port)], {
      stdio: 'ignore',
    });
    await sleep(1000);
    rows.push(['NATS JetStream', ...(await measureEngine(`nats://127.0.0.1:${port}/bench`, jobs))]);
    server.kill();
  } else console.log('no nats-server on the PATH: its list is not measured\n');
  console.log(
    table([`${jobs} jobs of one input, one process`, 'added a second', 'leased and done a second'], rows),
  );
}

function simulate() {
  const fleet = {
    ...{ pictures: Number(values.pictures), workers: Number(values.workers), cores: 4 },
    ...{ pictureMs: Number(values['picture-ms']), thereMs: 5, shard: 32, leaseMs: 60_000, tries: 3 },
    ...{ restartMs: 30_000, poison: 0, lifeMs: Infinity, seed: 1 },
  };
  const cases = [
    { name: 'nobody dies' },
    { name: 'a day', lifeMs: 24 * HOUR_MS },
    { name: 'an hour', lifeMs: HOUR_MS },
    { name: 'ten minutes', lifeMs: HOUR_MS / 6 },
    { name: 'two minutes', lifeMs: HOUR_MS / 30 },
    { name: 'an hour, 20 pictures kill', lifeMs: HOUR_MS, poison: 20 },
    { name: 'an hour, shards of 512', lifeMs: HOUR_MS, shard: 512 },
  ];
  let undisturbedMs = 0;
  const rows = cases.map(({ name, ...changed }) => {
    const end = new FleetSimulation({ ...fleet, ...changed }).run();
    if (end.left !== 0) throw new Error(`${name}: ${end.left} pictures are lost`);
    if (changed.lifeMs === undefined) undisturbedMs = end.endMs;
    const coreMs = fleet.workers * fleet.cores * end.endMs;
    return [
      ...[name, Math.round(end.endMs / 1000), Number((end.endMs / undisturbedMs).toFixed(2)), end.deaths],
      ...[(100 * end.vainMs) / coreMs, 100 * (1 - (end.usefulMs + end.vainMs) / coreMs)].map((share) =>
        Number(share.toFixed(2)),
      ),
      ...[end.given, end.innocent],
    ];
  });
  const { pictures, workers, cores, pictureMs } = fleet;
  const ideal = (pictures * pictureMs) / (workers * cores) / 1000;
  console.log(
    `\n${pictures} pictures of ${pictureMs} ms on ${workers} workers of ${cores} cores: ${ideal.toFixed(0)} s if nothing is in the way\n`,
  );
  const head = ['a worker lives, on average', 'done after s', 'beside the first', 'deaths'];
  const shares = ['% of core time in vain', '% idle or missing', 'given up', 'innocent ones'];
  console.log(table([...head, ...shares], rows));
}

try {
  await measureEngines();
  simulate();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { dicm, jsonLines, type RunOptions, scratchFolder } from '../run-cli.js';
import { drawPictures, poison } from './pictures.js';

const folder = scratchFolder();
const HOOK = pathToFileURL(join(import.meta.dirname, 'poison.mjs')).href;

/** Files below a folder, without the tags in their names. */
function outputs(name: string): string[] {
  return readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(dicm|json)$/.test(path))
    .map((path) => path.replace(/\.[0-9a-f]{16}\./, '.'))
    .sort();
}

async function ok(args: string[], options: RunOptions = {}) {
  const result = await dicm(args, { cwd: folder, ...options });
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

async function statusOf(work: string) {
  const result = await dicm(['run', 'status', '--work', work, '--json'], { cwd: folder });
  return jsonLines(result)[0] as Record<string, number> & {
    inputs: { source: string; reason: string; tries: number }[];
  };
}

describe('a list of photographs', { timeout: 300_000 }, () => {
  test('is encoded as `dicm encode` does, asked, and added to without doing anything twice', async () => {
    await drawPictures(join(folder, 'photos/more'), 5);
    cpSync(join(folder, 'photos/more/000.png'), join(folder, 'photos/top.png'));
    const add = ['run', 'add', 'encode', '-r', 'photos', '--work', 'w', '-o', 'coded', '-q', '30'];
    expect((await ok(add)).stderr).toBe('6 added\n');
    expect((await ok(add)).stderr).toBe('0 added, 6 there already\n');
    expect((await ok(['run', 'worker', '--work', 'w', '--jobs', '2'])).stderr).toMatch(/6 done, 0 failed/);
    const names = ['000', '001', '002', '003', '004'].map((name) => `more/${name}.dicm`);
    expect(outputs('coded')).toEqual([...names, 'top.dicm']);

    await ok(['encode', 'photos/top.png', '-q', '30', '-o', 'plain.dicm', '--threads', '1']);
    const made = readdirSync(join(folder, 'coded')).find((name) => name.startsWith('top.'))!;
    expect(made).toMatch(/^top\.[0-9a-f]{16}\.dicm$/);
    expect(readFileSync(join(folder, 'coded', made))).toEqual(readFileSync(join(folder, 'plain.dicm')));
    const results = jsonLines(await ok(['run', 'results', '--work', 'w']));
    expect(results).toHaveLength(6);
    expect(results.find(({ output }) => output === join(folder, 'coded', made))).toMatchObject({
      ...{ schema: 'dicm.encode/1', input: join(folder, 'photos/top.png'), width: 48, height: 32 },
    });

    // Another list over the same outputs finds that nothing is left to do.
    await ok(add.map((word) => (word === 'w' ? 'w2' : word)));
    await ok(['run', 'worker', '--work', 'w2']);
    expect(jsonLines(await ok(['run', 'results', '--work', 'w2'])).map(({ schema }) => schema)).toEqual(
      Array(6).fill('dicm.skipped/1'),
    );

    const ask = ['run', 'add', 'analyze', '-r', 'coded', '--work', 'w3', '--task', 'all'];
    await ok(ask);
    await ok([...ask.slice(0, -1), 'embed', '-o', 'vectors']);
    await ok(['run', 'worker', '--work', 'w3', '--jobs', '2']);
    const answers = jsonLines(await ok(['run', 'results', '--work', 'w3']));
    const [mine] = jsonLines(await ok(['analyze', 'all', join('coded', made), '--json']));
    const { elapsedMs: _, ...same } = mine!;
    const file = join(folder, 'coded', made);
    expect(answers.find((one) => one.file === file && one.schema === 'dicm.analyze/1')).toMatchObject({
      ...same,
      file,
    });
    const vectors = answers.filter(({ schema }) => schema === 'dicm.embed/1');
    expect(vectors.map(({ length }) => length)).toEqual(Array(6).fill(256));
    expect(outputs('vectors')).toHaveLength(6);
  });

  test('whose outputs have nowhere to go stays as it is', async () => {
    await drawPictures(join(folder, 'few'), 2);
    await ok(['run', 'add', 'encode', '-r', 'few', '--work', 'gone', '-o', 'gone-coded']);
    rmSync(join(folder, 'gone-coded'), { recursive: true });
    const result = await dicm(['run', 'worker', '--work', 'gone'], { cwd: folder });
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toMatch(
      /no input can be worked on here: .*gone-coded.*does not exist.*worker-failed/,
    );
    expect(await statusOf('gone')).toMatchObject({ waiting: 2, again: 0, leased: 0, parked: 0 });
  });
});

describe('an input that', { timeout: 300_000 }, () => {
  const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    dicm(args, {
      cwd: folder,
      env: { NODE_OPTIONS: `--import ${HOOK} --max-old-space-size=256`, ...env },
    });

  test.each([
    ['segfault', [], /its process was ended by SIGSEGV \[process-died\]$/],
    ['heap', [], /its process was ended by SIG(ABRT|TRAP): FATAL ERROR: .*heap.* \[process-died\]$/],
    ['hang', ['--time-limit', '8'], /it took longer than 8 s \[time-limit\]$/],
    ['memory', ['--memory-limit', '1200'], /it took \d+ MB of memory, more than 1200 MB \[memory-limit\]$/],
  ])('does %s costs itself only', async (kind, options, reason) => {
    const paths = await drawPictures(join(folder, kind), 6);
    poison(paths[2]!, kind);
    await ok(['run', 'add', 'encode', '-r', kind, '--work', `w-${kind}`, '-o', `coded-${kind}`]);
    const worker = await run([
      'run',
      'worker',
      '--work',
      `w-${kind}`,
      '--tries',
      '2',
      '--jobs',
      '2',
      ...options,
    ]);
    expect(worker.exitCode, worker.stderr).toBe(0);
    const status = await statusOf(`w-${kind}`);
    expect(status).toMatchObject({ done: 5, parked: 1, waiting: 0, again: 0, leased: 0 });
    expect(status.inputs).toEqual([
      { source: paths[2], command: 'encode', tries: 2, reason: expect.stringMatching(reason) },
    ]);
    expect(outputs(`coded-${kind}`)).toEqual(
      ['000', '001', '003', '004', '005'].map((name) => `${name}.dicm`),
    );
  });

  test('ends its whole worker, again and again, costs itself only, and is done when told to retry', async () => {
    const paths = await drawPictures(join(folder, 'container'), 6);
    poison(paths[2]!, 'container');
    await ok(['run', 'add', 'encode', '-r', 'container', '--work', 'w-c', '-o', 'coded-c']);
    let ended = 0;
    // As a service manager does: until a worker comes to the end of the list.
    while (
      (await run(['run', 'worker', '--work', 'w-c', '--tries', '2', '--lease', '2', '--jobs', '2']))
        .exitCode !== 0
    ) {
      expect(++ended).toBeLessThanOrEqual(2);
    }
    expect(ended).toBe(2);
    const status = await statusOf('w-c');
    expect(status).toMatchObject({ done: 5, parked: 1 });
    expect(status.inputs).toEqual([
      { source: paths[2], command: 'encode', tries: 2, reason: 'its worker went away (2 of 2 tries)' },
    ]);
    const described = await dicm(['run', 'status', '--work', 'w-c'], { cwd: folder });
    expect(described.exitCode).toBe(1);
    expect(described.stdout).toMatch(
      /^5 of 6 done, 0 in work, 0 waiting, 1 given up\n .*002\.png {2}its worker/,
    );
    // Without the hook it does no harm.
    expect((await ok(['run', 'retry', '--work', 'w-c'])).stderr).toBe('1 will be tried again\n');
    await ok(['run', 'worker', '--work', 'w-c']);
    expect(await statusOf('w-c')).toMatchObject({ done: 6, parked: 0 });
    expect(outputs('coded-c')).toHaveLength(6);
  });
});

test.skipIf(process.platform !== 'linux')(
  'a job process that never comes to an end ends with its worker',
  { timeout: 120_000 },
  async () => {
    const [path] = await drawPictures(join(folder, 'orphan'), 1);
    poison(path!, 'hang');
    await ok(['run', 'add', 'encode', '-r', 'orphan', '--work', 'w-orphan', '-o', 'coded-orphan']);
    let job = 0;
    const stateOf = () => {
      try {
        return /\) (\w) /.exec(readFileSync(`/proc/${job}/stat`, 'latin1'))?.[1];
      } catch {
        return undefined;
      }
    };
    await dicm(['run', 'worker', '--work', 'w-orphan', '--log', 'json', '-v'], {
      cwd: folder,
      env: { NODE_OPTIONS: `--import ${HOOK}` },
      onStart: async (child) => {
        // The job process is there, and has its picture: it says nothing any more.
        while (job === 0 || stateOf() !== 'R') {
          await sleep(200);
          const found = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
          job = Number(found.stdout.trim() || 0);
        }
        await sleep(3000);
        expect(stateOf()).toBe('R');
        child.kill('SIGKILL');
      },
    });
    // Where nobody waits for orphans, it stays in the table of processes, and does nothing.
    while (!['Z', undefined].includes(stateOf())) await sleep(200);
  },
);

test('a worker that is told to stop ends what is in work and hands back the rest', {
  timeout: 120_000,
}, async () => {
  await drawPictures(join(folder, 'many'), 400);
  await ok(['run', 'add', 'encode', '-r', 'many', '--work', 'w-stop', '-o', 'coded-stop']);
  const result = await dicm(['run', 'worker', '--work', 'w-stop', '--jobs', '1', '--log', 'json', '-v'], {
    cwd: folder,
    onStart: (child) => {
      let said = '';
      child.stderr.on('data', (piece) => {
        if (said.includes('"event":"done"')) return;
        said += piece;
        if (said.includes('"event":"done"')) child.kill('SIGTERM');
      });
    },
  });
  expect(result.exitCode, result.stderr).toBe(0);
  const events = result.stderr
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const { done, failed, handedBack } = events.at(-1);
  expect(events.at(-1)).toMatchObject({ event: 'stopped', level: 'info', time: expect.any(String) });
  expect(failed).toBe(0);
  expect(handedBack).toBeGreaterThan(0);
  expect(await statusOf('w-stop')).toMatchObject({ done, waiting: 400 - done, again: 0, leased: 0 });
  expect(outputs('coded-stop')).toHaveLength(done);
});

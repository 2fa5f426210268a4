import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readShard, writeShard } from '../../../src/fleet/stores/tar-shard.js';
import { hasNatsServer, type NatsServer, startNatsServer } from '../../fleet/nats-server.js';
import { type S3Server, startS3Server } from '../../fleet/s3-server.js';
import { dicm, jsonLines, type RunOptions, scratchFolder } from '../run-cli.js';
import { drawPictures, poison } from './pictures.js';

const folder = scratchFolder();
const HOOK = pathToFileURL(join(import.meta.dirname, 'poison.mjs')).href;
let paths: string[];
let pictures: Buffer[];
beforeAll(async () => {
  paths = await drawPictures(join(folder, 'pictures'), 4);
  pictures = paths.map((path) => readFileSync(path));
});

async function ok(args: string[], options: RunOptions = {}) {
  const result = await dicm(args, { cwd: folder, ...options });
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

describe('a bucket', { timeout: 300_000 }, () => {
  let store: S3Server;
  beforeAll(async () => {
    store = await startS3Server();
  });
  afterAll(() => store.stop());

  test('gives pictures and takes files, each once, whatever gets in between', async () => {
    const env = { AWS_ENDPOINT_URL_S3: store.address, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    pictures.forEach((bytes, i) => void store.objects.set(`b/in/more/${i}.png`, bytes));
    store.objects.set('b/in/readme.txt', Buffer.from('no picture'));
    const out = ['-o', 's3://b/out', '--work', 'w-s3'];
    // The package of AWS says which Node it wants, too.
    expect((await ok(['run', 'add', 'encode', 's3://b/in/', ...out], { env })).stderr).toMatch(/^4 added$/m);
    store.conflicts = 2;
    await ok(['run', 'worker', '--work', 'w-s3', '--jobs', '2'], { env });
    const names = () => [...store.objects.keys()].filter((name) => name.startsWith('b/out/')).sort();
    const written = names();
    expect(written.map((name) => name.replace(/\.[0-9a-f]{16}\./, '.'))).toEqual(
      [0, 1, 2, 3].map((i) => `b/out/more/${i}.dicm`),
    );
    await ok(['encode', paths[1]!, '-o', 'one.dicm', '--threads', '1']);
    expect(store.objects.get(written[1]!)).toEqual(readFileSync(join(folder, 'one.dicm')));
    // Another list over the same bucket writes nothing.
    const { PUT } = store.requests;
    await ok(['run', 'add', 'encode', 's3://b/in/more/', '-o', 's3://b/out/more', '--work', 'w-s3b'], {
      env,
    });
    await ok(['run', 'worker', '--work', 'w-s3b'], { env });
    expect(names()).toEqual(written);
    expect(store.requests.PUT).toBe(PUT);
  });
});

describe('a shard', { timeout: 300_000 }, () => {
  test('becomes a shard, with what belongs to its samples; a member that kills costs itself only', async () => {
    poison(paths[3]!, 'segfault');
    const members = [
      { name: 'a/000.png', bytes: pictures[0]! },
      { name: 'a/000.cls', bytes: Buffer.from('7') },
      { name: 'a/001.png', bytes: readFileSync(paths[3]!) },
      { name: 'a/002.png', bytes: pictures[2]! },
    ];
    writeFileSync(join(folder, '000000.tar'), await writeShard(members));
    await ok(['run', 'add', 'encode', '000000.tar', '-o', 'shards', '--work', 'w-tar']);
    const worker = ['run', 'worker', '--work', 'w-tar', '--jobs', '2', '--tries', '2'];
    await ok(worker, { env: { NODE_OPTIONS: `--import ${HOOK}` } });
    const lines = jsonLines(await ok(['run', 'results', '--work', 'w-tar']));
    expect(lines.map(({ schema, input, file }) => [schema, input ?? file])).toEqual([
      ['dicm.encode/1', `${join(folder, '000000.tar')}#a/000.png`],
      ['dicm.error/1', `${join(folder, '000000.tar')}#a/001.png`],
      ['dicm.encode/1', `${join(folder, '000000.tar')}#a/002.png`],
    ]);
    expect(lines[1]).toMatchObject({ code: 'process-died' });
    const [made] = readdirSync(join(folder, 'shards'));
    expect(made).toMatch(/^000000\.[0-9a-f]{16}\.tar$/);
    const out = await readShard('made', readFileSync(join(folder, 'shards', made!)));
    expect(out.map(({ name }) => name)).toEqual([
      ...['a/000.dicm', 'a/000.json', 'a/000.cls'],
      ...['a/001.json', 'a/002.dicm', 'a/002.json'],
    ]);
    // What came out is asked in its turn.
    await ok(['run', 'add', 'analyze', join('shards', made!), '--task', 'classify', '--work', 'w-ask']);
    await ok(['run', 'worker', '--work', 'w-ask']);
    const asked = jsonLines(await ok(['run', 'results', '--work', 'w-ask']));
    expect(asked.map(({ schema }) => schema)).toEqual(['dicm.classify/1', 'dicm.classify/1']);
  });
});

describe('addresses', { timeout: 300_000 }, () => {
  let server: Server;
  let place: string;
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      const at = Number(/(\d)\.png/.exec(url!)?.[1]);
      if (url!.includes('missing')) response.writeHead(404).end();
      // Whoever asks for this one waits for ever.
      else if (!url!.includes('silent')) response.end(pictures[at]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    place = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => server.closeAllConnections());

  test('in a table are read, those that do not answer hold up no others, and metrics tell it', async () => {
    const rows = ['0.png', 'silent.png', 'missing.png', '1.png', '2.png'].map(
      (name) => `7,${place}/a/${name}`,
    );
    writeFileSync(join(folder, 'list.csv'), `class,url\n${rows.join('\n')}\n`);
    const list = ['--files-from', 'list.csv', '--column', 'url'];
    await ok(['run', 'add', 'encode', ...list, '-o', 'from-http', '--work', 'w-http']);
    let metrics = '';
    let health = 0;
    const worker = [
      'run',
      'worker',
      '--work',
      'w-http',
      '--jobs',
      '1',
      '--stay',
      '--metrics',
      '0',
      '--log',
      'json',
      '-v',
    ];
    const result = await dicm(worker, {
      cwd: folder,
      onStart: (child) => {
        let said = '';
        child.stderr.on('data', async (piece) => {
          said += piece;
          const done = said.match(/"event":"done"/g)?.length ?? 0;
          if (metrics !== '' || done < 3 || !said.includes('file-missing')) return;
          const [address] = /http:\/\/127\.0\.0\.1:\d+(?=\/metrics)/.exec(said)!;
          metrics = '...';
          metrics = await (await fetch(`${address}/metrics`)).text();
          health = (await fetch(`${address}/health`)).status;
          child.kill('SIGTERM');
        });
      },
    });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(health).toBe(200);
    expect(metrics).toMatch(/^dicm_inputs_done_total\{command="encode"\} 3$/m);
    expect(metrics).toMatch(/^dicm_inputs_parked_total\{command="encode",code="file-missing"\} 1$/m);
    expect(metrics).toMatch(/^dicm_list_inputs\{state="leased"\} 5$/m);
    expect(metrics).toMatch(/^dicm_input_seconds_count\{command="encode"\} 3$/m);
    const [status] = jsonLines(await dicm(['run', 'status', '--work', 'w-http', '--json'], { cwd: folder }));
    // Nobody is to blame for what a worker that stops gives up waiting for.
    expect(status).toMatchObject({ done: 3, parked: 1, waiting: 1, again: 0, leased: 0 });
  });
});

describe.skipIf(!hasNatsServer)('a list on a NATS server', { timeout: 300_000 }, () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  test('is worked on by several workers, and tells what came out', async () => {
    await drawPictures(join(folder, 'many'), 30);
    const work = ['--work', `${server.address}/many`];
    await ok(['run', 'add', 'encode', '-r', 'many', '-o', 'many-coded', '--shard-size', '4', ...work]);
    await Promise.all([1, 2].map(() => ok(['run', 'worker', '--jobs', '1', ...work])));
    const [status] = jsonLines(await ok(['run', 'status', '--json', ...work]));
    expect(status).toMatchObject({ done: 30, given: 30, parked: 0, waiting: 0, leased: 0 });
    const lines = jsonLines(await ok(['run', 'results', ...work]));
    expect(new Set(lines.map(({ input }) => input)).size).toBe(30);
  });
});

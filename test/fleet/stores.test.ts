import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpSource } from '../../src/fleet/stores/http-source.js';
import { readTable } from '../../src/fleet/stores/read-table.js';
import { S3Store } from '../../src/fleet/stores/s3-store.js';
import { readShard, sampleOf, writeShard } from '../../src/fleet/stores/tar-shard.js';
import { type S3Server, startS3Server } from './s3-server.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const never = new AbortController().signal;

describe('a bucket', () => {
  let server: S3Server;
  let store: S3Store;
  beforeAll(async () => {
    server = await startS3Server();
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
    store = await S3Store.open({ AWS_ENDPOINT_URL_S3: server.address }, 1000);
  });
  afterAll(() => server.stop());

  test('that keeps to the documents refuses what is there, so an output is written once', async () => {
    const outputs = store.outputs('s3://b/out/');
    expect(outputs.placeOf('x/1.dicm')).toBe('s3://b/out/x/1.dicm');
    expect(await outputs.has('x/1.dicm')).toBe(false);
    const all = await Promise.all(
      ['one', 'two', 'three'].map((text) => outputs.create('x/1.dicm', bytes(text))),
    );
    expect(all.sort()).toEqual(['created', 'there', 'there']);
    expect(await outputs.has('x/1.dicm')).toBe(true);
    const written = server.objects.get('b/out/x/1.dicm')!;
    expect(await outputs.read('x/1.dicm')).toEqual(new Uint8Array(written));
    expect(await outputs.create('x/1.dicm', bytes('four'))).toBe('there');
    expect(server.objects.get('b/out/x/1.dicm')).toBe(written);
  });

  test('in which somebody else writes the same object is asked again', async () => {
    server.conflicts = 2;
    expect(await store.outputs('s3://b/out').create('2.dicm', bytes('two'))).toBe('created');
    expect(server.objects.get('b/out/2.dicm')?.toString()).toBe('two');
    server.conflicts = 99;
    await expect(store.outputs('s3://b/out').create('3.dicm', bytes('3'))).rejects.toMatchObject({
      code: 'output-failed',
    });
    server.conflicts = 0;
  });

  test('is listed to its end, and read within limits', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.objects.set(`b/in/${name}.png`, Buffer.from(name));
    server.objects.set('b/in/large.png', Buffer.alloc(1001));
    const found: string[] = [];
    for await (const address of store.list('s3://b/in/')) found.push(address);
    expect(found).toEqual(['a', 'b', 'c', 'd', 'e', 'large'].map((name) => `s3://b/in/${name}.png`));
    expect(await store.read('s3://b/in/c.png', never)).toEqual(bytes('c'));
    await expect(store.read('s3://b/in/large.png', never)).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(store.read('s3://b/in/none.png', never)).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('an http address', () => {
  let server: Server;
  let place: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const status = Number(/\d{3}/.exec(request.url!)?.[0] ?? 200);
      if (request.url === '/endless') {
        response.write('x'.repeat(2000));
        return;
      }
      if (request.url !== '/silent') response.writeHead(status).end('picture');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    place = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => server.closeAllConnections());

  const source = new HttpSource(1000);
  test('is read', async () => {
    expect(await source.read(`${place}/a.png`, never)).toEqual(bytes('picture'));
  });
  test.each([
    ['404', 'file-missing'],
    ['429', 'source-unreachable'],
    ['503', 'source-unreachable'],
    ['endless', 'limit-exceeded'],
  ])('that answers %s is an error: %s', async (path, code) => {
    await expect(source.read(`${place}/${path}`, never)).rejects.toMatchObject({ code });
  });
  test('that does not answer is given up when its time is over, or nobody listens', async () => {
    await expect(source.read(`${place}/silent`, AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'source-unreachable',
    });
    await expect(source.read('http://127.0.0.1:1/', never)).rejects.toThrow(/ECONNREFUSED|bad port/);
  });
});

describe('a shard', () => {
  test('has the files that were put in, and always the same bytes', async () => {
    const members = [
      { name: 'more/a.dicm', bytes: bytes('one') },
      { name: 'more/a.json', bytes: bytes('{}') },
      { name: `${'long/'.repeat(40)}b.dicm`, bytes: new Uint8Array(1000) },
    ];
    const shard = await writeShard(members);
    const read = await readShard('s.tar', shard);
    expect(read.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) }))).toEqual(members);
    expect(await writeShard(members)).toEqual(shard);
  });
  test('that is none, or cut, is an error with a name', async () => {
    await expect(readShard('s.tar', bytes('no tar file '.repeat(100)))).rejects.toMatchObject({
      code: 'bad-shard',
    });
    const shard = await writeShard([{ name: 'a', bytes: new Uint8Array(5000) }]);
    await expect(readShard('s.tar', shard.subarray(0, 2000))).rejects.toMatchObject({ code: 'bad-shard' });
  });
  test.each([
    ['a.jpg', 'a'],
    ['x/y.z/b.seg.png', 'x/y.z/b'],
    ['x/.hidden', 'x/.hidden'],
    ['plain', 'plain'],
  ])('%s is of the sample %s', (name, sample) => expect(sampleOf(name)).toBe(sample));
});

describe('a table', () => {
  const csv = bytes('\ufefflabel,path\n"a, b","x ""1"".png"\nc,y.png\n');
  test('in CSV gives a column, the first unless named', async () => {
    expect(await readTable('t.csv', csv, 'path')).toEqual(['x "1".png', 'y.png']);
    expect(await readTable('t.CSV', csv)).toEqual(['a, b', 'c']);
  });
  test('in Parquet too', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const columnData = [
      { name: 'label', data: [1, 2], type: 'INT32' as const },
      { name: 'path', data: ['x.png', 's3://b/y.png'], type: 'STRING' as const },
    ];
    const parquet = new Uint8Array(parquetWriteBuffer({ columnData }));
    expect(await readTable('t.parquet', parquet, 'path')).toEqual(['x.png', 's3://b/y.png']);
    await expect(readTable('t.parquet', parquet, 'url')).rejects.toThrow(
      't.parquet has no column url; it has label, path',
    );
    await expect(readTable('t.parquet', parquet)).rejects.toThrow(/row 1 names no file/);
  });
  test('that cannot be read is an error with a name', async () => {
    await expect(readTable('t.csv', bytes('a,b\n"'), 'a')).rejects.toMatchObject({ code: 'bad-table' });
    await expect(readTable('t.csv', csv, 'url')).rejects.toThrow(/no column url; it has label, path/);
    await expect(readTable('t.csv', bytes('path\n\na,b'), 'path')).rejects.toMatchObject({
      code: 'bad-table',
    });
    await expect(readTable('t.parquet', bytes('none'))).rejects.toMatchObject({ code: 'bad-table' });
  });
});

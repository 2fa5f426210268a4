import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from './fake-terminal.js';
import { dicm, jsonLines, MODELS, PHOTOS, type Result, ROOT, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const sample = join(ROOT, 'fixtures/released/chelsea-q40-1c1e0cca.dicm');
const secret = join(folder, 'not named.dicm');

/** The address that a run prints, and what ends the run. */
function start(args: string[]): { url: Promise<string>; stop(signal: NodeJS.Signals): Promise<Result> } {
  let child: { kill(signal: NodeJS.Signals): boolean; stdout: NodeJS.ReadableStream } | undefined;
  const result = dicm(['view', ...args], {
    onStart: (started) => {
      child = started;
    },
  });
  const url = once(child!.stdout, 'data').then(([line]) => String(line).trim());
  return {
    url,
    stop: (signal) => {
      child!.kill(signal);
      return result;
    },
  };
}

/** Asks a server, with headers that `fetch` does not let one choose. */
async function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const sent = request(url, { ...options, agent: false }).end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the server of dicm view', () => {
  const run = start([sample, join(PHOTOS, 'coffee.png')]);
  let url: string;
  let root: string;

  beforeAll(async () => {
    writeFileSync(secret, 'secret');
    url = await run.url;
    root = new URL('/', url).href;
  });
  afterAll(async () => {
    // Keeps a connection open meanwhile: it must not keep the server.
    const open = get(`${root}model/manifest.json`, { headers: { connection: 'keep-alive' } });
    await once(open, 'response');
    open.on('error', () => undefined);
    const { exitCode, stderr } = await run.stop('SIGINT');
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('interrupted by SIGINT')]);
  });

  test('shows the page, the model, and the files that are named', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?files=files-[0-9a-f]{32}\/list\.json$/);
    const page = await ask(root);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page.body)![1];
    expect((await ask(root + script)).headers['cache-control']).toContain('immutable');
    expect(JSON.parse((await ask(`${root}model/manifest.json`)).body)).toMatchObject({ name: 'tiny' });
    const ofPictures = await ask(`${root}view-model/manifest.json`);
    expect(JSON.parse(ofPictures.body)).toMatchObject({ profile: 'perceptual' });

    const list = new URL(new URL(url).searchParams.get('files')!, root);
    const listed = JSON.parse((await ask(list.href)).body) as { name: string; href: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['chelsea-q40-1c1e0cca.dicm', 'coffee.png']);
    const [first, second] = listed.map(({ href }) => new URL(href, list).href);
    const response = await fetch(first!);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(readFileSync(sample));
    expect((await ask(second!, { method: 'HEAD' })).headers).toMatchObject({ 'content-type': 'image/png' });
  });

  test('isolates the page, and lets it load nothing from elsewhere', async () => {
    const { headers } = await ask(root);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-content-type-options': 'nosniff',
    });
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
  });

  test.each([
    '../package.json',
    '%2e%2e/package.json',
    'model/../../package.json',
    'files-0/list.json',
    'etc/passwd',
    'model/README.md',
  ])('has nothing at %s', async (path) => {
    expect((await ask(root + path)).status).toBe(404);
  });

  test('answers only to its own names, and to questions', async () => {
    const { port } = new URL(root);
    expect((await ask(root, { headers: { host: `evil.example:${port}` } })).status).toBe(421);
    expect((await ask(root, { headers: { host: `localhost:${port}` } })).status).toBe(200);
    expect((await ask(root, { method: 'POST' })).status).toBe(405);
  });
});

test('a port that is taken: another one unless it was asked for', async () => {
  const first = start(['--json']);
  const { url } = JSON.parse(await first.url) as { url: string };
  const second = start([]);
  expect(await second.url).not.toBe(url);
  const asked = await dicm(['view', '--port', new URL(url).port]);
  expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringMatching(/\[bad-port\]/)]);
  const ended = await first.stop('SIGTERM');
  expect(ended.exitCode).toBe(130);
  expect(jsonLines(ended)[0]).toEqual({
    schema: 'dicm.view/1',
    url,
    files: 0,
    model: 'tiny',
    viewModel: 'dicm-dpc',
  });
  await second.stop('SIGINT');
});

test.each([
  [['missing.dicm'], 3, 'file-missing'],
  [[MODELS], 2, 'is-directory'],
  [['-'], 2, 'stdin-not-taken'],
  [['--model', 'none'], 6, 'model-missing'],
  [['--port', '70000'], 2, 'from 1 to 65535'],
])('dicm view %j ends with %i', async (args, exitCode, words) => {
  const terminal = fakeTerminal();
  expect(await main(['view', ...args], terminal)).toBe(exitCode);
  expect(terminal.written.stderr).toContain(words);
  expect(terminal.written.stdout).toBe('');
});

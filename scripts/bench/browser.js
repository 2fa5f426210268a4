// What the library costs in a page: bytes on the wire, time to the first answer on a first and a second visit, and
// milliseconds a call beside Node's executors, in turns. The page is isolated, so that onnxruntime-web has threads. Needs a
// build and Chromium ($DICM_CHROMIUM, or on the path).
//   npm run bench -- browser [PICTURE]
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { openCodec } from '#dicm/index.js';
import { table } from '../support/table.js';

/** @import { AddressInfo } from 'node:net' */
/** @import { Page } from 'playwright-core' */
/** @import { Codec } from '../../src/index.js' */

const root = fileURLToPath(new URL('../../', import.meta.url));
const picture = process.argv[2] ?? join(root, 'fixtures/images/chelsea.png');
const ROUNDS = 8;

/** Folders of the server. @type {Record<string, string>} */
const FOLDERS = {
  'dicm-model-r50': join(root, 'packages/model-r50'),
  kernels: join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'),
  onnxruntime: join(root, 'node_modules/onnxruntime-web/dist'),
};

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
  return process.env.DICM_CHROMIUM ?? found;
}

/** The library and its worker as a page would have them, by path. */
async function bundle() {
  const build = await rolldown({
    input: { dicm: join(root, 'dist/src/web.js'), worker: join(root, 'dist/src/web-worker.js') },
    platform: 'browser',
    onLog: () => {},
  });
  const { output } = await build.generate({ format: 'es', minify: true });
  await build.close();
  return new Map(
    output.flatMap((file) => ('code' in file ? [[`/${file.fileName}`, Buffer.from(file.code)]] : [])),
  );
}

/**
 * Serves bundle, model and kernels; and keeps what is asked for.
 *
 * @param {ReadonlyMap<string, Buffer>} scripts
 */
async function serve(scripts) {
  /** @type {{ path: string, body: Buffer }[]} */
  const sent = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const [, folder = '', file = ''] = path.split('/');
    const place = FOLDERS[folder];
    const body =
      path === '/'
        ? Buffer.from('<!doctype html><title>dicm</title>')
        : path === '/picture'
          ? readFileSync(picture)
          : (scripts.get(path) ?? (place === undefined ? undefined : readFileSync(join(place, file))));
    const type = /\.m?js$/.test(path)
      ? 'text/javascript'
      : path.endsWith('.wasm')
        ? 'application/wasm'
        : 'text/html';
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': type,
      'cache-control': 'max-age=3600',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(body);
    if (body !== undefined && path !== '/' && path !== '/picture') {
      sent.push({ path, body });
    }
  });
  await new Promise((resolve) => server.listen(0, 'localhost', () => resolve(undefined)));
  const { port } = /** @type {AddressInfo} */ (server.address());
  return { server, url: `http://localhost:${port}/`, sent };
}

/**
 * Seconds from the beginning of a visit to its first classification.
 *
 * @param {Page} page
 * @param {string} url
 * @param {readonly number[]} file
 */
async function visit(page, url, file) {
  const start = performance.now();
  await page.goto(url);
  await page.evaluate(
    async ([url, file]) => {
      const { openCodec } = await import(`${url}dicm.js`);
      const worker = () => new /** @type {any} */ (globalThis).Worker('worker.js', { type: 'module' });
      const codec = await openCodec({ kernels: 'kernels/', worker });
      await codec.classify(Uint8Array.from(file));
      Object.assign(globalThis, { codec, file: Uint8Array.from(file) });
    },
    /** @type {const} */ ([url, file]),
  );
  return (performance.now() - start) / 1000;
}

const CALLS = /** @type {const} */ (['encode', 'classify', 'segment']);

/** @param {(call: typeof CALLS[number]) => Promise<unknown>} run */
const timer = (run) => async (/** @type {typeof CALLS[number]} */ call) => {
  const start = performance.now();
  await run(call);
  return performance.now() - start;
};

/** @param {Codec} codec @param {Uint8Array} photograph @param {Uint8Array} file */
const onNode = (codec, photograph, file) =>
  timer((call) => (call === 'encode' ? codec.encode(photograph) : codec[call](file)));

/** A codec in the page, opened and warmed up. @param {Page} page @param {object} options */
const inPage = async (page, options) => {
  const index = await page.evaluate(async (options) => {
    const scope = /** @type {any} */ (globalThis);
    const { openCodec } = await import(`${scope.location.href}dicm.js`);
    const worker = () => new scope.Worker('worker.js', { type: 'module' });
    const codec = await openCodec({ kernels: 'kernels/', onnxruntime: 'onnxruntime/', worker, ...options });
    scope.codecs = [...(scope.codecs ?? []), codec];
    return scope.codecs.length - 1;
  }, options);
  return (/** @type {typeof CALLS[number]} */ call) =>
    page.evaluate(
      async ([call, index]) => {
        const { codecs, file } = /** @type {any} */ (globalThis);
        const photograph = new Uint8Array(await (await fetch('picture')).arrayBuffer());
        const start = performance.now();
        await codecs[index][call](call === 'encode' ? photograph : file);
        return performance.now() - start;
      },
      /** @type {const} */ ([call, index]),
    );
};

const executablePath = findChromium();
if (executablePath === undefined) {
  console.error('no Chromium here: apt-get install chromium, or name one in $DICM_CHROMIUM');
  process.exit(2);
}
const { server, url, sent } = await serve(await bundle());
const browser = await chromium.launch({
  executablePath,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const context = await browser.newContext();
const page = await context.newPage();
const [wasm, onnx] = [await openCodec({ backend: 'wasm' }), await openCodec({ backend: 'onnx' })];
const photograph = new Uint8Array(readFileSync(picture));
const { bytes: file, width, height } = await onnx.encode(photograph);

/** What was sent on the first visit. @type {typeof sent} */
const first = [];

/** Processor time of all of the browser's processes, in seconds. */
const processorTime = async () => {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
};

for (const name of ['first', 'second']) {
  const before = await processorTime();
  const seconds = await visit(page, url, [...file]);
  const worked = (await processorTime()) - before;
  console.log(
    `${name} visit: the first answer after ${seconds.toFixed(1)} s, ${worked.toFixed(1)} s of processor time`,
  );
  if (name === 'second') break;
  first.push(...sent.splice(0));
}
const again = sent.splice(0).map(({ path }) => path);
console.log(`the second asked for ${again.join(', ') || 'nothing'}\n`);

/** Executors in turns, with how each is called. @type {[string, Awaited<ReturnType<typeof inPage>>][]} */
const executors = [
  ['page, wasm', await inPage(page, { backend: 'wasm' })],
  ['page, onnx, 1 thread', await inPage(page, { backend: 'onnx', threads: 1 })],
  ['page, onnx', await inPage(page, { backend: 'onnx' })],
  ['Node, wasm', onNode(wasm, photograph, file)],
  ['Node, onnx', onNode(onnx, photograph, file)],
];
const least = executors.map(() => new Map(CALLS.map((call) => [call, Infinity])));
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, [, measure]] of executors.entries()) {
    for (const call of CALLS) {
      least[index]?.set(call, Math.min(least[index].get(call) ?? Infinity, await measure(call)));
    }
  }
}
console.log(`${width} x ${height} pixels, least of ${ROUNDS} in turns, ms`);
console.log(
  table(
    ['call', ...executors.map(([name]) => name)],
    CALLS.map((call) => [call, ...least.map((times) => Math.round(times.get(call) ?? Infinity))]),
  ),
);
const later = sent.splice(0);
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const rows = [first, later].flatMap((files, index) =>
  files.map(({ path, body }) => [
    index === 0 ? 'classify' : 'encode, segment',
    path,
    body.length,
    brotliCompressSync(body, quality).length,
  ]),
);
console.log('\nwhat is fetched, in bytes');
console.log(table(['first asked for by', 'file', 'bytes', 'brotli'], rows));
await browser.close();
await Promise.all([wasm.dispose(), onnx.dispose()]);
server.close();

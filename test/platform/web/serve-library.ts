import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Folders below the address of a server, and what they show. */
const FOLDERS: Readonly<Record<string, string>> = {
  model: join(root, 'packages/model-r50'),
  tiny: join(root, 'fixtures/models/tiny'),
  kernels: join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'),
  fixtures: join(root, 'fixtures'),
  onnxruntime: join(root, 'node_modules/onnxruntime-web/dist'),
};

/** The strictest policy that the library works under: no script of elsewhere, no `eval`, WebAssembly. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/** The library in a page on this machine. */
export interface LibraryServer {
  /** Of the page, which has nothing but the library as `globalThis.dicm`; with `?isolated` an isolated one. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** What the bundle is made of. */
  readonly modules: readonly string[];
  /** Closes every connection and takes no more: no network. */
  stop(): Promise<void>;
}

/** The library in one file for each of its parts that are loaded when they are needed. */
async function bundle(): Promise<{ files: ReadonlyMap<string, string>; modules: string[] }> {
  const build = await rolldown({
    input: { page: join(root, 'test/platform/web/page.ts'), worker: join(root, 'src/web-worker.ts') },
    platform: 'browser',
    onLog: () => {},
  });
  const { output } = await build.generate({ format: 'es', minify: true });
  await build.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  return {
    files: new Map(chunks.map(({ fileName, code }) => [`/${fileName}`, code])),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  };
}

/** Bundles the library as a page would and serves it with model and fixtures. */
export async function serveLibrary(): Promise<LibraryServer> {
  const { files, modules } = await bundle();
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://localhost');
    requests.push(pathname);
    const body = await read(pathname, files);
    const type =
      TYPES[extname(pathname)] ?? (pathname === '/' ? TYPES['.html']! : 'application/octet-stream');
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': type,
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      // A page is isolated by both; what it starts must say the second.
      ...((pathname !== '/' || search === '?isolated') && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
    });
    response.end(body);
  });
  const port = await listen(server);
  return { url: `http://localhost:${port}/`, requests, modules, stop: () => stop(server) };
}

async function read(
  pathname: string,
  files: ReadonlyMap<string, string>,
): Promise<string | Uint8Array | undefined> {
  if (pathname === '/') {
    return '<!doctype html><title>dicm</title><script type="module" src="page.js"></script>';
  }
  const bundled = files.get(pathname);
  if (bundled !== undefined) return bundled;
  const [, folder = '', ...rest] = pathname.split('/');
  const place = FOLDERS[folder];
  if (place === undefined || rest.includes('..')) return undefined;
  return readFile(join(place, ...rest)).catch(() => undefined);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

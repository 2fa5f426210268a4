import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../../errors.js';
import type { ServedFile } from './page-files.js';

/** Only this machine can connect. */
const ADDRESS = '127.0.0.1';

/** D, I, C, M on the keys of a telephone. One that stays the same lets the browser find the weights that it has kept. */
const USUAL_PORT = 3426;

/** What every answer says besides its content. The page is isolated: executors may use threads. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const CACHE_CONTROL: Readonly<Record<ServedFile['cache'], string>> = {
  forever: 'public, max-age=31536000, immutable',
  ask: 'no-cache',
  never: 'no-store',
};

/** A server that runs. */
export interface FileServer {
  /** Its root: `http://127.0.0.1:3426/`. */
  readonly url: string;
  /** Ends every connection and takes no more. */
  stop(): Promise<void>;
}

/**
 * Serves files to browsers on this machine, and nothing else: what has no address in `files` does not exist.
 *
 * @param port - The usual one unless given, or any that is free where that is taken.
 * @throws UsageError `bad-port` where the port that was given cannot be had
 */
export async function serveFiles(
  files: ReadonlyMap<string, ServedFile>,
  port: number | undefined,
): Promise<FileServer> {
  const server = createServer((request, response) => {
    answer(request, response, files, portOf(server)).catch(() => response.destroy());
  });
  try {
    await listen(server, port ?? USUAL_PORT);
  } catch (error) {
    if (port !== undefined) {
      const { message } = error as Error;
      throw new UsageError('bad-port', `the port ${port} cannot be had: ${message}`, { cause: error });
    }
    await listen(server, 0);
  }
  return {
    url: `http://${ADDRESS}:${portOf(server)}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, ServedFile>,
  port: number,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  // A page of elsewhere whose name was made to mean this machine says that name here (DNS rebinding).
  if (![`${ADDRESS}:${port}`, `localhost:${port}`].includes(request.headers.host ?? '')) {
    return refuse(response, 421, 'This server answers to 127.0.0.1 and localhost only.');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405, 'There is nothing to change here.');
  }
  const { pathname } = new URL(request.url ?? '/', `http://${ADDRESS}`);
  const found = files.get(pathname);
  if (found === undefined) return refuse(response, 404, 'There is nothing here.');
  response.setHeader('content-type', found.type);
  response.setHeader('cache-control', CACHE_CONTROL[found.cache]);
  if (found.content !== undefined) {
    response.end(request.method === 'HEAD' ? undefined : found.content);
    return;
  }
  await sendFile(response, found.path!, request.method === 'HEAD');
}

async function sendFile(response: ServerResponse, path: string | Buffer, headOnly: boolean): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    response.setHeader('content-length', size);
    if (headOnly) response.end();
    else if (size === 0) response.end();
    else await pipeline(file.createReadStream({ end: size - 1, autoClose: false }), response);
  } catch (error) {
    // It has gone, or changed, since it was named.
    if (response.headersSent) throw error;
    response.removeHeader('content-length');
    refuse(response, 404, 'The file cannot be read any more.');
  } finally {
    await file?.close();
  }
}

function refuse(response: ServerResponse, status: number, words: string): void {
  response.setHeader('cache-control', 'no-store');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${words}\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, ADDRESS, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

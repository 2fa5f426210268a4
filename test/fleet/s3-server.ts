import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a store under test holds and does. */
export interface S3Server {
  readonly address: string;
  readonly objects: Map<string, Buffer>;
  /** Conditional writes that are to be answered by 409 still: somebody else writes the same object at the same time. */
  conflicts: number;
  /** Requests that came, by method. */
  readonly requests: Record<string, number>;
  stop(): Promise<void>;
}

/**
 * A small store of objects that does what the documents of Amazon S3 say about conditional writes, which emulators tend to
 * leave out: `If-None-Match: *` on a PUT is answered by 412 PreconditionFailed when there is an object of that name, and by 409
 * ConditionalRequestConflict when another write of it is going on. Path-style addresses; GET, HEAD, PUT, ListObjectsV2.
 */
export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const state = { conflicts: 0, requests: {} as Record<string, number> };
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    state.requests[method] = (state.requests[method] ?? 0) + 1;
    const { pathname, searchParams } = new URL(url, 'http://store');
    const name = decodeURIComponent(pathname.slice(1));
    if (method === 'GET' && searchParams.has('list-type')) {
      list(response, objects, name.replace(/\/$/, ''), searchParams);
    } else if (method === 'GET' || method === 'HEAD') get(response, objects.get(name), method);
    else if (method === 'PUT') {
      const bytes = await bodyOf(request);
      const isConditional = request.headers['if-none-match'] === '*';
      if (isConditional && state.conflicts > 0) {
        state.conflicts--;
        fail(response, 409, 'ConditionalRequestConflict');
      } else if (isConditional && objects.has(name)) fail(response, 412, 'PreconditionFailed');
      else {
        objects.set(name, bytes);
        response.writeHead(200, { etag: etagOf(bytes) }).end();
      }
    } else fail(response, 405, 'MethodNotAllowed');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(state, {
    objects,
    address: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function get(response: ServerResponse, bytes: Buffer | undefined, method: string): void {
  if (bytes === undefined) {
    fail(response, 404, method === 'HEAD' ? '' : 'NoSuchKey');
    return;
  }
  response.writeHead(200, { 'content-length': bytes.length, etag: etagOf(bytes) });
  response.end(method === 'HEAD' ? undefined : bytes);
}

/** Two objects a page, so that whoever lists has to go on. */
function list(
  response: ServerResponse,
  objects: ReadonlyMap<string, Buffer>,
  bucket: string,
  query: URLSearchParams,
): void {
  const start = `${bucket}/${query.get('prefix') ?? ''}`;
  const after = query.get('continuation-token') ?? '';
  const names = [...objects.keys()].filter((name) => name.startsWith(start) && name > after).sort();
  const page = names.slice(0, 2);
  const contents = page.map((name) => `<Contents><Key>${name.slice(bucket.length + 1)}</Key></Contents>`);
  const next =
    names.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  const isTruncated = `<IsTruncated>${names.length > page.length}</IsTruncated>`;
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><ListBucketResult>${contents.join('')}${isTruncated}${next}</ListBucketResult>`,
  );
}

function fail(response: ServerResponse, status: number, code: string): void {
  const text =
    code === ''
      ? undefined
      : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(text);
}

/** The bytes of a request, also where they come in pieces with a checksum behind them (`aws-chunked`). */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const whole = Buffer.concat(pieces);
  if (!String(request.headers['content-encoding'] ?? '').includes('aws-chunked')) return whole;
  const data: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = whole.indexOf('\r\n', at);
    const size = Number.parseInt(whole.toString('latin1', at, end), 16);
    if (!(size > 0)) return Buffer.concat(data);
    data.push(whole.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

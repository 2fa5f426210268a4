import { joinBytes } from '../../bytes/join-bytes.js';
import { ModelError } from '../../errors.js';
import { MANIFEST_FILE } from '../../model/manifest.js';
import type { ModelSource, StatedFile } from '../platform.js';

/** How far a file of a model has come. */
export interface DownloadProgress {
  /** Its address. */
  readonly url: string;
  readonly loadedBytes: number;
  /** Undefined where neither the manifest nor the server says it. */
  readonly totalBytes: number | undefined;
  /** Whether it was kept from an earlier visit. */
  readonly isCached: boolean;
}

/** Told of every piece of a file that arrives. */
export type OnDownload = (progress: DownloadProgress) => void;

/** Name of the cache that keeps files of models between visits. */
const MODEL_CACHE = 'dicm-models';

/** Part of the address under which a file is kept; never sent to a server. */
const CONTENT = '?sha256=';

/**
 * A model at an address. Weights are kept in the browser's cache (Cache API) under their SHA-256, where there is one:
 * pages by https or of localhost. Manifest and class names are asked for once and kept for when there is no network.
 *
 * @param folder - address of the folder with `manifest.json`, ending in a slash
 * @param signal - breaks off downloads
 */
export function fetchedModel(folder: string, onDownload: OnDownload, signal: AbortSignal): ModelSource {
  const where = folder.replace(/\/$/, '');
  const read = async (file: string, stated?: StatedFile, anew = false): Promise<Uint8Array> => {
    const url = new URL(file, folder).href;
    const cache = await openCache();
    const key = stated === undefined ? url : url + CONTENT + stated.sha256;
    const kept = stated === undefined || anew ? undefined : await cache?.match(key);
    if (kept !== undefined) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      onDownload({ url, loadedBytes: bytes.length, totalBytes: bytes.length, isCached: true });
      return bytes;
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await download(url, stated, onDownload, signal, anew);
    } catch (error) {
      signal.throwIfAborted();
      const earlier = stated === undefined ? await cache?.match(key) : undefined;
      if (earlier === undefined) throw unreachable(url, error);
      return new Uint8Array(await earlier.arrayBuffer());
    }
    // A full disk is no reason to do without the model.
    await cache?.put(key, new Response(bytes)).catch(() => undefined);
    if (file === MANIFEST_FILE && cache !== undefined) await forgetOthers(cache, folder, bytes);
    return bytes;
  };
  // The same for all calls of a codec: what a model is does not change under it.
  const asked = new Map<string, Promise<Uint8Array>>();
  const once = (file: string) => {
    let bytes = asked.get(file);
    if (bytes === undefined) {
      bytes = read(file);
      asked.set(file, bytes);
      bytes.catch(() => asked.delete(file));
    }
    return bytes;
  };
  return {
    where,
    isRemote: true,
    read: (file, stated) => (stated === undefined ? once(file) : read(file, stated)),
    readAnew: (file, stated) => read(file, stated, true),
  };
}

async function openCache(): Promise<Cache | undefined> {
  // Not there on pages that came over plain http, and refused where cookies are.
  return globalThis.caches?.open(MODEL_CACHE).catch(() => undefined);
}

async function download(
  url: string,
  stated: StatedFile | undefined,
  onDownload: OnDownload,
  signal: AbortSignal,
  anew: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  // What says which weights belong to the model must be today's; the weights themselves are compared with it.
  const cache = anew ? 'reload' : stated === undefined ? 'no-cache' : 'default';
  const response = await fetch(url, { cache, signal });
  if (!response.ok) throw new HttpFailure(response.status);
  const length =
    response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
  const totalBytes = stated?.bytes ?? (length === null ? undefined : Number(length));
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let loadedBytes = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    loadedBytes += value.length;
    onDownload({ url, loadedBytes, totalBytes, isCached: false });
  }
  return joinBytes(pieces);
}

/** A server that answered with something else than the file. */
class HttpFailure extends Error {
  constructor(status: number) {
    super(`the server answered with status ${status}`);
  }
}

function unreachable(url: string, error: unknown): ModelError {
  const reason =
    error instanceof HttpFailure
      ? error.message
      : `${(error as Error).message}; is it there, and may a page of ${globalThis.location?.origin ?? 'here'} read it (CORS)?`;
  return new ModelError('model-missing', `${url} cannot be fetched: ${reason}`, { cause: error });
}

/** Forgets weights of the folder that its manifest no longer names: those of earlier releases of the model. */
async function forgetOthers(cache: Cache, folder: string, manifest: Uint8Array): Promise<void> {
  const text = new TextDecoder().decode(manifest);
  for (const { url } of await cache.keys()) {
    const [, digest] = url.startsWith(folder) ? url.split(CONTENT) : [];
    if (digest !== undefined && !text.includes(digest)) await cache.delete(url);
  }
}

import type { ModelSource, Platform } from '../platform.js';
import { fetchedModel, type OnDownload } from './fetched-model.js';
import type { ExecutorPlaces } from './open-backend.js';
import { sha256 } from './sha256.js';

/** What a page decides about its host. */
export interface WebHost extends ExecutorPlaces {
  /** Addresses of the models there are: of folders with a `manifest.json`. */
  readonly models: readonly string[];
  readonly onDownload: OnDownload;
  /** Breaks off downloads. */
  readonly signal: AbortSignal;
}

/** A browser as host, a page or a worker: models are at addresses, pictures are read by the browser. */
export function webPlatform({ models, onDownload, signal, ...executors }: WebHost): Platform {
  const sources = new Map<string, ModelSource>();
  const sourceAt = (folder: string) => {
    const source = sources.get(folder) ?? fetchedModel(folder, onDownload, signal);
    sources.set(folder, source);
    return source;
  };
  return {
    sha256,
    listModels: async (path) => {
      const places = (path === undefined ? models : [path]).map((place) => place.replace(/\/*$/, '/'));
      return { places, sources: places.map(sourceAt) };
    },
    // What is no name that a manifest may have is an address.
    readModelChoice: async (choice) => (/[/:]/.test(choice) ? { path: absolute(choice) } : { name: choice }),
    preferredModel: () => undefined,
    loadPicture: async (input, options) => (await import('./load-picture.js')).loadPicture(input, options),
    openBackend: async (choice, options) =>
      (await import('./open-backend.js')).openBackend(choice, executors, options),
    yieldTurn: () => new Promise((resolve) => nextTurn(resolve)),
  };
}

/** An address as it stands in a page, as one that means the same everywhere. */
export function absolute(address: string): string {
  return new URL(address, globalThis.document?.baseURI ?? globalThis.location.href).href;
}

/** Runs something when messages and events that wait have had their turn; a timer would wait for four milliseconds. */
function nextTurn(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(undefined);
}

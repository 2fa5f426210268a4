import { type Codec, type DownloadProgress, openCodec } from 'dicm/browser';
import { describeFailure } from '../state/describe-failure.js';
import type { PageStore } from '../state/page-state.js';

/** Folder of the model, beside the page. */
const MODEL = 'model/';

/**
 * Opens executor and model, and keeps the page told how far they are. Weights come when the first picture needs them.
 *
 * @returns The codec at once; its calls wait for what they need.
 */
export async function openNetwork(store: PageStore): Promise<Codec> {
  const arrived = new Map<string, DownloadProgress>();
  const onDownload = (progress: DownloadProgress) => {
    arrived.set(progress.url, progress);
    const all = [...arrived.values()];
    const isOver = all.every(({ loadedBytes, totalBytes = loadedBytes }) => loadedBytes >= totalBytes);
    const sum = (pick: (one: DownloadProgress) => number) => all.reduce((total, one) => total + pick(one), 0);
    store.set({
      download: isOver
        ? undefined
        : {
            loadedBytes: sum((one) => one.loadedBytes),
            totalBytes: sum((one) => one.totalBytes ?? one.loadedBytes),
          },
    });
  };
  const codec = await openCodec({
    worker: true,
    models: [new URL(MODEL, document.baseURI).href],
    onDownload,
  });
  void describeNetwork(store, codec);
  return codec;
}

async function describeNetwork(store: PageStore, codec: Codec): Promise<void> {
  try {
    const backend = await codec.openBackend();
    store.set({ network: { state: 'ready', backend } });
    store.set({ network: { state: 'ready', backend, model: await codec.openModel() } });
  } catch (error) {
    store.set({ network: { state: 'failed', failure: describeFailure(error) } });
  }
}

import { type Codec, type DownloadProgress, openCodec } from 'dicm/browser';
import { describeFailure } from '../state/describe-failure.js';
import type { PageStore } from '../state/page-state.js';

/** Folders of the models, beside the page: of what networks read, and of pictures for eyes. */
const MODELS = { machine: 'model/', view: 'view-model/' } as const;

/** The codecs of the page, each in a worker of its own. */
export interface PageCodecs {
  /** Makes files and reads them. */
  readonly machine: Codec;
  /** Rebuilds pictures of view layers; opened when the first file has one, so that its model is fetched only then. */
  view(): Promise<Codec>;
}

/**
 * Opens executor and model, and keeps the page told how far they are. Weights come when the first picture needs them.
 *
 * @returns The codecs at once; their calls wait for what they need.
 */
export async function openNetwork(store: PageStore): Promise<PageCodecs> {
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
  const open = (folder: string) =>
    openCodec({ worker: true, models: [new URL(folder, document.baseURI).href], onDownload });
  const machine = await open(MODELS.machine);
  void describeNetwork(store, machine);
  let view: Promise<Codec> | undefined;
  return {
    machine,
    view: () => {
      view ??= open(MODELS.view);
      return view;
    },
  };
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

import { element, style } from '../state/dom.js';
import type { Download, Network, PageStore } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';

/** What runs the networks here, how much of the model has arrived, and what is being done. */
export function networkStatus(store: PageStore): HTMLElement {
  const said = element('p', { class: 'status-words' });
  const bar = element('span', { class: 'status-bar', 'aria-hidden': 'true' });
  const box = element('div', { class: 'status' }, said, bar);
  store.watch(
    (state) => [state.network, state.activity, state.download],
    (network, activity, download) => {
      const isBusy = activity !== '' || download !== undefined;
      said.textContent = describe(network, activity, download);
      box.dataset.state = network.state === 'ready' && isBusy ? 'working' : network.state;
      bar.hidden = download === undefined;
      style(bar, { '--share': String((download?.loadedBytes ?? 0) / (download?.totalBytes || 1)) });
    },
  );
  return box;
}

function describe(
  { state, backend, failure }: Network,
  activity: string,
  download: Download | undefined,
): string {
  if (state === 'failed') return failure?.message ?? 'The networks cannot be opened';
  if (download !== undefined) {
    return `Fetching the networks: ${formatBytes(download.loadedBytes)} of ${formatBytes(download.totalBytes)}`;
  }
  if (activity !== '') return activity;
  return backend === undefined ? 'Opening the networks' : `Ready: ${backend.name}, ${backend.device}`;
}

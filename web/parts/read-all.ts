import { element } from '../state/dom.js';
import type { PageStore } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';

/** Reads all pictures of the list, one after another, and says how far that is and what they take together. */
export function readAll(store: PageStore): HTMLElement {
  const button = element('button', { type: 'button', class: 'plain-button' });
  const words = element('p', { class: 'quiet', role: 'status' });
  button.addEventListener('click', () => store.set({ isReadingAll: !store.get().isReadingAll }));
  store.watch(
    (state) => [state.entries, state.isReadingAll],
    (entries, isReadingAll) => {
      const left = entries.filter(({ answers, failure }) => answers === undefined && failure === undefined);
      const read = entries.filter((entry) => !left.includes(entry));
      button.hidden = left.length === 0 && !isReadingAll;
      button.textContent = isReadingAll ? 'Stop' : `Read all ${entries.length}`;
      const bytes = read.reduce((sum, { coded }) => sum + (coded?.bytes.length ?? 0), 0);
      const isSaid = isReadingAll || (read.length > 1 && left.length === 0);
      words.textContent = isSaid ? `${read.length} of ${entries.length} read: ${formatBytes(bytes)}` : '';
    },
  );
  return element('div', { class: 'read-all' }, button, words);
}

import { addFiles } from '../files/add-files.js';
import { filesOf } from '../files/read-drop.js';
import { describeFailure } from '../state/describe-failure.js';
import { element } from '../state/dom.js';
import type { PageStore } from '../state/page-state.js';

/** Lets the whole page take what is dropped on it or pasted into it. */
export function dropZone(store: PageStore): HTMLElement {
  const veil = element(
    'div',
    { class: 'drop-veil', hidden: true },
    element('p', {}, 'Drop to see what networks see'),
  );
  const take = async (data: DataTransfer | null) => {
    veil.hidden = true;
    if (data === null) return;
    try {
      await addFiles(store, await filesOf(data));
    } catch (error) {
      store.set({ notice: describeFailure(error).message });
    }
  };
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    veil.hidden = !event.dataTransfer?.types.includes('Files');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    void take(event.dataTransfer);
  });
  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.types.includes('Files')) void take(clipboardData);
  });
  return veil;
}

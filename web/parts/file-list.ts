import { addFiles } from '../files/add-files.js';
import { describeFailure } from '../state/describe-failure.js';
import { element, replaceContent } from '../state/dom.js';
import type { Entry, PageStore } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';
import { readAll } from './read-all.js';

/** What there is to look at, and the ways to bring more. */
export function fileList(store: PageStore): HTMLElement {
  const list = element('ul', { class: 'entries' });
  const notice = element('p', { class: 'notice', role: 'status' });
  const nav = element(
    'nav',
    { class: 'files', 'aria-label': 'Pictures' },
    element(
      'div',
      { class: 'open-buttons' },
      chooser(store, 'Open files…', { multiple: true }),
      chooser(store, 'Open a folder…', { webkitdirectory: true }),
    ),
    element(
      'p',
      { class: 'quiet drop-hint' },
      'or drop photographs and .dicm files anywhere. Nothing leaves this device.',
    ),
    notice,
    list,
    readAll(store),
  );
  const items = new Map<number, ListItem>();
  store.watch(
    (state) => [state.entries, state.selectedId],
    (entries, selectedId) => {
      for (const { id } of entries) if (!items.has(id)) items.set(id, listItem(store, id));
      // Only what has changed: there may be hundreds, and one changes with every step of the work on it.
      for (const entry of entries) items.get(entry.id)!.show(entry, entry.id === selectedId);
      const elements = entries.map(({ id }) => items.get(id)!.element);
      if (elements.some((one, i) => list.children[i] !== one)) replaceContent(list, ...elements);
    },
  );
  store.watch(
    (state) => [state.notice],
    (text) => {
      notice.textContent = text;
      notice.hidden = text === '';
    },
  );
  return nav;
}

/** The line of an entry. */
interface ListItem {
  readonly element: HTMLElement;
  show(entry: Entry, isSelected: boolean): void;
}

function listItem(store: PageStore, id: number): ListItem {
  const picture = element('span', { class: 'thumbnail', 'aria-hidden': 'true' });
  const name = element('span', { class: 'entry-name' });
  const about = element('span', { class: 'entry-about' });
  const words = element('span', { class: 'entry-words' }, name, about);
  const button = element('button', { type: 'button', class: 'entry' }, picture, words);
  button.addEventListener('click', () => store.set({ selectedId: id, litField: undefined }));
  let before: Entry | undefined;
  return {
    element: element('li', {}, button),
    show: (entry, isSelected) => {
      if (isSelected) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      if (entry === before) return;
      if (entry.photograph?.url !== before?.photograph?.url || before === undefined) {
        replaceContent(picture, thumbnail(entry));
      }
      before = entry;
      name.textContent = entry.name;
      about.textContent = aboutEntry(entry);
      about.classList.toggle('bad', entry.failure !== undefined);
    },
  };
}

function thumbnail({ photograph }: Entry): HTMLElement | string {
  if (photograph === undefined) return '.dicm';
  return element('img', { src: photograph.url, alt: '', loading: 'lazy', decoding: 'async' });
}

function aboutEntry({ coded, answers, failure }: Entry): string {
  if (failure !== undefined) return failure.code;
  return [coded && formatBytes(coded.bytes.length), answers?.predictions[0]?.label]
    .filter(Boolean)
    .join(' · ');
}

/** A button that opens the browser's dialog for files or a folder. */
function chooser(store: PageStore, words: string, attributes: Record<string, boolean>): HTMLElement {
  const input = element('input', {
    type: 'file',
    class: 'hidden',
    tabindex: -1,
    'aria-hidden': 'true',
    ...attributes,
  });
  input.addEventListener('change', async () => {
    try {
      await addFiles(store, [...(input.files ?? [])]);
    } catch (error) {
      store.set({ notice: describeFailure(error).message });
    }
    // So that the same file can be chosen again.
    input.value = '';
  });
  const button = element('button', { type: 'button', class: 'plain-button' }, words);
  button.addEventListener('click', () => input.click());
  return element('span', {}, button, input);
}

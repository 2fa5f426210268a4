import { addFiles } from '../files/add-files.js';
import { describeFailure } from '../state/describe-failure.js';
import { element, replaceContent } from '../state/dom.js';
import type { Entry, PageStore } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';

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
  );
  store.watch(
    (state) => [state.entries, state.selectedId],
    (entries, selectedId) => {
      const hadFocus = list.contains(document.activeElement);
      replaceContent(list, ...entries.map((entry) => item(store, entry, entry.id === selectedId)));
      if (hadFocus) list.querySelector<HTMLElement>('[aria-current]')?.focus();
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

function item(store: PageStore, entry: Entry, isSelected: boolean): HTMLElement {
  const { photograph, coded, answers, failure } = entry;
  const picture =
    photograph === undefined
      ? element('span', { class: 'thumbnail none', 'aria-hidden': 'true' }, '.dicm')
      : element('img', {
          class: 'thumbnail',
          src: photograph.url,
          alt: '',
          loading: 'lazy',
          decoding: 'async',
        });
  const about = failure
    ? failure.code
    : [coded && formatBytes(coded.bytes.length), answers?.predictions[0]?.label].filter(Boolean).join(' · ');
  const button = element(
    'button',
    { type: 'button', class: 'entry', 'aria-current': isSelected && 'true' },
    picture,
    element(
      'span',
      { class: 'entry-words' },
      element('span', { class: 'entry-name' }, entry.name),
      element('span', { class: `entry-about${failure ? ' bad' : ''}` }, about),
    ),
  );
  button.addEventListener('click', () => store.set({ selectedId: entry.id, litField: undefined }));
  return element('li', {}, button);
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

import { element, replaceContent } from '../state/dom.js';
import { type Entry, type PageStore, selectedEntry, updateEntry } from '../state/page-state.js';
import { formatBytes, formatCount, formatTimes } from '../state/words.js';

/** How small the file is, and the sliders that make it smaller. */
export function ratePanel(store: PageStore): HTMLElement {
  const size = element('p', { class: 'size' });
  const about = element('p', { class: 'quiet' });
  const note = element('p', { class: 'quiet rate-note' });
  const save = element('a', { class: 'plain-button', download: '' }, 'Save .dicm');
  const panel = element(
    'section',
    { class: 'panel rate', 'aria-labelledby': 'rate-title' },
    element('h2', { id: 'rate-title', class: 'hidden' }, 'Size of the file'),
    element('div', { class: 'size-row' }, element('div', {}, size, about), save),
    slider(store, 'quality', 'Quality', { min: 1, max: 100 }),
    slider(store, 'effort', 'Effort', { min: 1, max: 9 }),
    note,
  );
  let address: string | undefined;
  store.watch(
    (state) => [selectedEntry(state)],
    (entry) => {
      const coded = entry?.coded;
      replaceContent(size, ...(coded ? sizeWords(coded.bytes.length) : ['…']));
      about.textContent = entry === undefined ? '' : aboutSize(entry);
      note.textContent = entry === undefined ? '' : noteOn(entry, store.get().effort);
      save.hidden = coded === undefined;
      if (coded === undefined) return;
      if (address !== undefined) URL.revokeObjectURL(address);
      address = URL.createObjectURL(new Blob([coded.bytes as Uint8Array<ArrayBuffer>]));
      save.href = address;
      save.download = `${entry!.name.replace(/\.[^.]+$/, '')}.dicm`;
    },
  );
  return panel;
}

function sizeWords(bytes: number): (HTMLElement | string)[] {
  return [element('strong', { class: 'number' }, formatCount(bytes)), bytes === 1 ? ' byte' : ' bytes'];
}

function aboutSize({ coded, photograph }: Entry): string {
  const header = coded?.structure.info?.header;
  if (coded === undefined || header === undefined) return '';
  const bpp = (8 * coded.bytes.length) / (header.width * header.height);
  const parts = [`${bpp.toFixed(3)} bit per pixel of ${header.width} x ${header.height}`];
  if (photograph !== undefined) {
    const { size } = photograph.blob;
    parts.push(`the photograph is ${formatTimes(size / coded.bytes.length)} as large: ${formatBytes(size)}`);
  }
  return parts.join('; ');
}

function noteOn({ photograph, coded }: Entry, effort: number): string {
  if (photograph === undefined) {
    return 'Made elsewhere. To encode it anew, drop its photograph together with it.';
  }
  if (effort > 1) {
    return 'Higher efforts search for better symbols, here for minutes (1 stops it); the command line takes seconds.';
  }
  return coded?.origin === 'given' ? 'As it was given. Move a slider to encode the photograph anew.' : '';
}

/** A slider that encodes while it moves; effort waits until it is let go, since it takes long. */
function slider(
  store: PageStore,
  name: 'quality' | 'effort',
  words: string,
  { min, max }: { min: number; max: number },
): HTMLElement {
  const input = element('input', { type: 'range', id: name, min, max, step: 1 });
  const value = element('output', { for: name, class: 'number' });
  const encode = () => {
    const entry = selectedEntry(store.get());
    if (entry?.given !== undefined && !entry.isRecoded) updateEntry(store, entry.id, { isRecoded: true });
    store.set({ [name]: Number(input.value) });
  };
  input.addEventListener('input', () => {
    value.textContent = input.value;
  });
  input.addEventListener(name === 'quality' ? 'input' : 'change', encode);
  store.watch(
    (state) => [state[name], selectedEntry(state)],
    (wanted, entry) => {
      const isGiven = entry?.coded?.origin === 'given';
      const shown = isGiven ? (entry.coded?.[name] ?? wanted) : wanted;
      input.value = String(shown);
      value.textContent = String(shown);
      input.disabled = entry?.photograph === undefined;
      const bytes = entry?.coded?.bytes.length;
      input.setAttribute(
        'aria-valuetext',
        bytes === undefined ? `${shown}` : `${shown}, ${formatBytes(bytes)}`,
      );
    },
  );
  return element('div', { class: 'slider' }, element('label', { for: name }, words), input, value);
}

import { element, replaceContent, style } from '../state/dom.js';
import { type Entry, type PageStore, selectedEntry, updateEntry } from '../state/page-state.js';
import { formatBytes, formatCount, formatTimes } from '../state/words.js';
import { findBreak } from '../work/try-codecs.js';

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
  const rate = `${bpp.toFixed(3)} bit per pixel`;
  if (photograph === undefined) return `${rate} of ${header.width} x ${header.height}`;
  const { size } = photograph.blob;
  return `${rate}; the photograph has ${formatBytes(size)}, ${formatTimes(size / coded.bytes.length)} as much`;
}

function noteOn({ photograph, coded, trials }: Entry, effort: number): string {
  if (photograph === undefined) {
    return 'Made elsewhere. To encode it anew, drop its photograph together with it.';
  }
  if (coded?.origin === 'given') return 'As it was given. Move a slider to encode the photograph anew.';
  if (effort > 1) {
    return 'Higher efforts search for better symbols, here for minutes (1 stops it); the command line takes seconds.';
  }
  const quality = breakingQuality(trials);
  return quality === undefined ? '' : `The answer breaks below quality ${quality}.`;
}

/** The lowest quality that still gives the answer, where a lower one was found that does not. */
function breakingQuality(trials: Entry['trials']): number | undefined {
  const own = trials?.find(({ codec }) => codec === 'dicm');
  if (own?.state !== 'done') return undefined;
  const { last, broken } = findBreak(own);
  return broken && last?.quality;
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
  const mark = element('span', { class: 'break-mark', 'aria-hidden': 'true' });
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
      const stated = isGiven ? entry.coded?.[name] : wanted;
      const shown = stated ?? wanted;
      input.value = String(shown);
      // The effort is not in a file, and of a damaged one nothing is known.
      value.textContent = stated === undefined ? '–' : String(Math.round(stated));
      const breaking = name === 'quality' && !isGiven ? breakingQuality(entry?.trials) : undefined;
      mark.hidden = breaking === undefined;
      style(mark, { '--share': String(((breaking ?? min) - min) / (max - min)) });
      input.disabled = entry?.photograph === undefined;
      const bytes = entry?.coded?.bytes.length;
      input.setAttribute(
        'aria-valuetext',
        bytes === undefined ? `${shown}` : `${shown}, ${formatBytes(bytes)}`,
      );
    },
  );
  return element(
    'div',
    { class: 'slider' },
    element('label', { for: name }, words),
    element('span', { class: 'slider-track' }, input, mark),
    value,
  );
}

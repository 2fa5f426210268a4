import { bitColour, bitRange } from '../paint/bit-map.js';
import { element, style } from '../state/dom.js';
import {
  type Entry,
  type Layers,
  type PageStore,
  selectedEntry,
  showsBitMap,
  showsRebuilt,
  viewLayer,
} from '../state/page-state.js';
import { formatBytes } from '../state/words.js';
import { objectList } from './object-list.js';
import { pictureView } from './picture-view.js';

/** What can be switched on and off, in words. */
const TOGGLES: Readonly<Record<Exclude<keyof Layers, 'minScore'>, string>> = {
  photograph: 'Photograph',
  rebuilt: 'Rebuilt picture',
  bitMap: 'Bit map',
  boxes: 'Boxes',
  masks: 'Masks',
};

/** The picture, with what to show of it. */
export function picturePanel(store: PageStore): HTMLElement {
  const title = element('h2', { id: 'picture-title' });
  const credit = element('p', { class: 'quiet credit' });
  const note = element('p', { class: 'quiet rebuilt-note', role: 'status' });
  store.watch(
    (state) => [selectedEntry(state)],
    (entry) => {
      title.textContent = entry?.name ?? 'No picture yet';
      credit.textContent = entry === undefined ? '' : creditOf(entry);
      note.textContent = rebuiltWords(entry);
    },
  );
  return element(
    'section',
    { class: 'panel picture', 'aria-labelledby': 'picture-title' },
    element('div', { class: 'panel-head' }, title, credit),
    pictureView(store),
    note,
    element('div', { class: 'layer-controls' }, toggles(store), scoreSlider(store)),
    bitLegend(store),
    objectList(store),
  );
}

function toggles(store: PageStore): HTMLElement {
  const names = Object.keys(TOGGLES) as (keyof typeof TOGGLES)[];
  const boxes = names.map((name) => {
    const input = element('input', { type: 'checkbox', id: `layer-${name}` });
    const label = element('label', { class: 'toggle' }, input, element('span', {}, TOGGLES[name]));
    input.addEventListener('change', () =>
      store.set({ layers: { ...store.get().layers, [name]: input.checked } }),
    );
    store.watch(
      (state) => [state.layers, selectedEntry(state)],
      (layers, entry) => {
        const isMissing = entry !== undefined && lacks(entry, name);
        input.checked = !isMissing && isOn(name, layers, entry);
        input.disabled = isMissing;
        // Most files have no view layer.
        label.hidden = name === 'rebuilt' && (isMissing || entry === undefined);
      },
    );
    return label;
  });
  return element(
    'fieldset',
    { class: 'toggles' },
    element('legend', { class: 'hidden' }, 'What to show'),
    ...boxes,
  );
}

/** Whether there is nothing of an entry to switch on. */
function lacks(entry: Entry, name: keyof typeof TOGGLES): boolean {
  if (name === 'photograph') return entry.photograph === undefined;
  return name === 'rebuilt' && viewLayer(entry.coded) === undefined;
}

function isOn(name: keyof typeof TOGGLES, layers: Layers, entry: Entry | undefined): boolean {
  if (name === 'bitMap') return showsBitMap(layers, entry);
  return name === 'rebuilt' ? showsRebuilt(layers, entry) : layers[name];
}

function creditOf({ photograph, credit, coded }: Entry): string {
  if (photograph !== undefined) return credit ?? '';
  return viewLayer(coded) === undefined
    ? 'Without its photograph, of which this file has no pixels to show'
    : 'Without its photograph; the file has a view layer, of which the picture is rebuilt';
}

/** What is shown of a view layer, or why nothing is. */
function rebuiltWords(entry: Entry | undefined): string {
  const layer = viewLayer(entry?.coded);
  const { rebuilt, coded } = entry ?? {};
  if (layer === undefined) return '';
  const bytes = formatBytes(layer.bytes);
  if (rebuilt === undefined || rebuilt.of !== coded)
    return `Rebuilding the picture from the ${bytes} of the view layer`;
  if ('failure' in rebuilt) {
    return `The picture of the view layer (${bytes}) is not shown: ${rebuilt.failure.message} [${rebuilt.failure.code}]`;
  }
  const { width, height } = rebuilt.picture;
  return `The rebuilt picture: ${width} x ${height} from the ${bytes} of the view layer`;
}

function scoreSlider(store: PageStore): HTMLElement {
  const { minScore } = store.get().layers;
  const input = element('input', {
    ...{ type: 'range', id: 'min-score', min: 0.05, max: 0.95, step: 0.05, value: minScore },
  });
  const value = element('output', { for: 'min-score', class: 'number' }, minScore.toFixed(2));
  input.addEventListener('input', () => {
    value.textContent = Number(input.value).toFixed(2);
    store.set({ layers: { ...store.get().layers, minScore: Number(input.value) } });
  });
  return element(
    'div',
    { class: 'score' },
    element('label', { for: 'min-score' }, 'Objects from a score of'),
    input,
    value,
  );
}

/** What the colours of the bit map stand for. */
function bitLegend(store: PageStore): HTMLElement {
  const [least, most] = [element('span', { class: 'number' }), element('span', { class: 'number' })];
  const steps = Array.from({ length: 24 }, (_, i) =>
    style(element('span'), {
      'background-color': `rgb(${bitColour(i / 23)
        .map(Math.round)
        .join(' ')})`,
    }),
  );
  const legend = element(
    'p',
    { class: 'bit-legend quiet' },
    'Bits for each 16 x 16 pixels: ',
    least,
    element('span', { class: 'scale', 'aria-hidden': 'true' }, ...steps),
    element('span', { class: 'hidden' }, ' to '),
    most,
  );
  store.watch(
    (state) => [selectedEntry(state)?.bits, showsBitMap(state.layers, selectedEntry(state))],
    (bits, isOn) => {
      legend.hidden = bits === undefined || !isOn;
      if (bits === undefined) return;
      const range = bitRange(bits);
      least.textContent = range.least.toFixed(1);
      most.textContent = range.most.toFixed(1);
    },
  );
  return legend;
}

import { bitColour, bitRange } from '../paint/bit-map.js';
import { element, style } from '../state/dom.js';
import { type Layers, type PageStore, selectedEntry, showsBitMap } from '../state/page-state.js';
import { objectList } from './object-list.js';
import { pictureView } from './picture-view.js';

/** What can be switched on and off, in words. */
const TOGGLES: Readonly<Record<Exclude<keyof Layers, 'minScore'>, string>> = {
  photograph: 'Photograph',
  bitMap: 'Bit map',
  boxes: 'Boxes',
  masks: 'Masks',
};

/** The picture, with what to show of it. */
export function picturePanel(store: PageStore): HTMLElement {
  const title = element('h2', { id: 'picture-title' });
  const credit = element('p', { class: 'quiet credit' });
  store.watch(
    (state) => [selectedEntry(state)],
    (entry) => {
      title.textContent = entry?.name ?? 'No picture yet';
      const isAlone = entry !== undefined && entry.photograph === undefined;
      credit.textContent = isAlone
        ? 'Without its photograph, of which a .dicm file has no pixels to show here'
        : (entry?.credit ?? '');
    },
  );
  return element(
    'section',
    { class: 'panel picture', 'aria-labelledby': 'picture-title' },
    element('div', { class: 'panel-head' }, title, credit),
    pictureView(store),
    element('div', { class: 'layer-controls' }, toggles(store), scoreSlider(store)),
    bitLegend(store),
    objectList(store),
  );
}

function toggles(store: PageStore): HTMLElement {
  const names = Object.keys(TOGGLES) as (keyof typeof TOGGLES)[];
  const boxes = names.map((name) => {
    const input = element('input', { type: 'checkbox', id: `layer-${name}` });
    input.addEventListener('change', () =>
      store.set({ layers: { ...store.get().layers, [name]: input.checked } }),
    );
    store.watch(
      (state) => [state.layers, selectedEntry(state)],
      (layers, entry) => {
        const isMissing = name === 'photograph' && entry !== undefined && entry.photograph === undefined;
        input.checked = !isMissing && (name === 'bitMap' ? showsBitMap(layers, entry) : layers[name]);
        input.disabled = isMissing;
      },
    );
    return element('label', { class: 'toggle' }, input, element('span', {}, TOGGLES[name]));
  });
  return element(
    'fieldset',
    { class: 'toggles' },
    element('legend', { class: 'hidden' }, 'What to show'),
    ...boxes,
  );
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

import { element, replaceContent, style } from '../state/dom.js';
import { type Coded, type PageStore, selectedEntry } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';
import { countGroups, GROUP_WORDS } from './byte-groups.js';
import { fieldList } from './field-list.js';
import { describeByte, hexView } from './hex-view.js';

/** The file itself: what its bytes are for, each of them, and where a damaged one breaks. */
export function bytesPanel(store: PageStore): HTMLElement {
  const composition = element('div', { class: 'composition' });
  const damage = element('p', { class: 'damage' });
  const said = element('p', { class: 'lit-words', 'aria-live': 'polite' });
  const panel = element(
    'section',
    { class: 'panel bytes', 'aria-labelledby': 'bytes-title' },
    element('h2', { id: 'bytes-title' }, 'Every byte of the file'),
    composition,
    damage,
    element('div', { class: 'bytes-columns' }, hexView(store), fieldList(store)),
    said,
  );
  store.watch(
    (state) => [selectedEntry(state)?.coded],
    (coded) => {
      panel.hidden = coded === undefined;
      if (coded === undefined) return;
      replaceContent(composition, ...describeComposition(coded));
      const { failure, finding } = coded.structure;
      damage.hidden = failure === undefined;
      damage.textContent = [failure && `${failure.message}.`, finding].filter(Boolean).join(' ');
    },
  );
  store.watch(
    (state) => [state.litField, selectedEntry(state)?.coded?.structure.fields],
    (lit, fields) => {
      const isThere = lit !== undefined && fields?.[lit] !== undefined;
      said.textContent = isThere
        ? describeByte(fields, lit)
        : 'Choose a field or a byte to see what it says.';
    },
  );
  return panel;
}

/** A bar of the groups in proportion, and its legend. */
function describeComposition({ bytes, structure }: Coded): HTMLElement[] {
  const groups = [...countGroups(structure.fields, bytes.length)];
  const order = Object.keys(GROUP_WORDS);
  groups.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const bar = element(
    'div',
    { class: 'composition-bar', 'aria-hidden': 'true' },
    ...groups.map(([group, count]) =>
      style(element('span', { class: group }), { 'flex-grow': String(count) }),
    ),
  );
  const legend = element(
    'ul',
    { class: 'legend', 'aria-label': 'What the bytes are for' },
    ...groups.map(([group, count]) =>
      element(
        'li',
        {},
        element('span', { class: `swatch ${group}`, 'aria-hidden': 'true' }),
        `${GROUP_WORDS[group]} `,
        element('span', { class: 'number' }, formatBytes(count)),
      ),
    ),
  );
  return [bar, legend];
}

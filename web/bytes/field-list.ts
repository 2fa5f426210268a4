import { element, replaceContent } from '../state/dom.js';
import { type PageStore, selectedEntry } from '../state/page-state.js';
import { formatCount } from '../state/words.js';
import { groupOf } from './byte-groups.js';

/** Most fields to list: a picture of thousands of tiles has four for each. */
const MOST_FIELDS = 400;

/** Every field of the file with its offset and what it says; choosing one lights up its bytes. */
export function fieldList(store: PageStore): HTMLElement {
  const body = element('tbody');
  const more = element('p', { class: 'quiet' });
  const head = element(
    'tr',
    {},
    element('th', { scope: 'col' }, 'Offset'),
    element('th', { scope: 'col' }, 'Field'),
    element('th', { scope: 'col' }, 'Says'),
  );
  const table = element(
    'table',
    { class: 'fields' },
    element('caption', { class: 'hidden' }, 'Fields of the file'),
    element('thead', {}, head),
    body,
  );
  store.watch(
    (state) => [selectedEntry(state)?.coded?.structure],
    (structure) => {
      const fields = structure?.fields ?? [];
      const shown = fields.slice(0, MOST_FIELDS);
      const rows = shown.map((field, index) => {
        const choose = element('button', { type: 'button', class: 'field-name' }, field.name);
        choose.addEventListener('click', () => store.set({ litField: index }));
        const row = element(
          'tr',
          { class: groupOf(field) },
          element('td', { class: 'number' }, formatCount(field.offset)),
          element('th', { scope: 'row' }, choose),
          element('td', { class: 'value' }, field.value),
        );
        return row;
      });
      replaceContent(body, ...rows, ...brokenRow(structure?.brokenAt, structure?.failure?.message));
      more.textContent =
        fields.length > shown.length ? `and ${formatCount(fields.length - shown.length)} more fields` : '';
    },
  );
  store.watch(
    (state) => [state.litField, selectedEntry(state)?.coded?.structure],
    (lit, _structure) => {
      [...body.rows].forEach((row, index) => {
        row.classList.toggle('lit', index === lit);
        row.querySelector('button')?.setAttribute('aria-pressed', String(index === lit));
      });
      if (lit !== undefined) keepInSight(body.rows[lit]);
    },
  );
  return element(
    'div',
    { class: 'field-list', tabindex: 0, role: 'region', 'aria-label': 'Fields' },
    table,
    more,
  );
}

function brokenRow(brokenAt: number | undefined, message: string | undefined): HTMLElement[] {
  if (brokenAt === undefined) return [];
  return [
    element(
      'tr',
      { class: 'broken' },
      element('td', { class: 'number' }, formatCount(brokenAt)),
      element('th', { scope: 'row' }, 'breaks here'),
      element('td', { class: 'value' }, message ?? ''),
    ),
  ];
}

/** Scrolls the list and not the page, which `scrollIntoView` would do too. */
function keepInSight(row: HTMLElement | undefined): void {
  const list = row?.closest<HTMLElement>('.field-list');
  if (row === undefined || list == null) return;
  const top = row.offsetTop;
  if (top < list.scrollTop + 40) list.scrollTop = Math.max(0, top - 40);
  else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top + row.offsetHeight - list.clientHeight;
  }
}

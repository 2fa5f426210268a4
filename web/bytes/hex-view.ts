import { element, replaceContent, style } from '../state/dom.js';
import type { PageStore } from '../state/page-state.js';
import { selectedEntry } from '../state/page-state.js';
import { formatBytes } from '../state/words.js';
import type { fieldAt } from './byte-groups.js';
import { hexRow } from './hex-rows.js';

/** Height of a row as in styles/bytes.css, in pixels. */
const ROW_HEIGHT = 22;
/** Width at which 16 bytes fit beside their text, in pixels. */
const WIDE = 600;
/** Rows drawn beyond what is visible, so that scrolling shows no holes. */
const MARGIN_ROWS = 12;

/**
 * The bytes of the file. Only the rows in sight are in the document: a file may have megabytes. For those who cannot
 * see it the list of fields says the same, so the rows themselves are hidden from screen readers.
 */
export function hexView(store: PageStore): HTMLElement {
  const rows = element('div', { class: 'hex-rows', 'aria-hidden': 'true' });
  const space = element('div', { class: 'hex-space' }, rows);
  const view = element(
    'div',
    {
      class: 'hex-view',
      tabindex: 0,
      role: 'group',
      'aria-label':
        'Bytes of the file. Arrow keys go from field to field, Home and End to the first and the last.',
    },
    space,
  );
  let bytesPerRow = 16;
  const source = () => {
    const coded = selectedEntry(store.get())?.coded;
    return coded && { bytes: coded.bytes, fields: coded.structure.fields, bytesPerRow };
  };
  const draw = () => {
    const shown = source();
    if (shown === undefined) return replaceContent(rows);
    const count = Math.ceil(shown.bytes.length / bytesPerRow);
    style(space, { height: `${count * ROW_HEIGHT}px` });
    const first = Math.max(0, Math.floor(view.scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
    const last = Math.min(count, first + Math.ceil(view.clientHeight / ROW_HEIGHT) + 2 * MARGIN_ROWS);
    style(rows, { transform: `translateY(${first * ROW_HEIGHT}px)` });
    replaceContent(rows, ...Array.from({ length: last - first }, (_, i) => hexRow(shown, first + i)));
    light(store.get().litField);
  };
  const light = (field: number | undefined) => {
    for (const run of rows.querySelectorAll<HTMLElement>('.run')) {
      run.classList.toggle('lit', field !== undefined && run.dataset.field === String(field));
    }
  };
  new ResizeObserver(() => {
    bytesPerRow = view.clientWidth >= WIDE ? 16 : 8;
    view.classList.toggle('narrow', bytesPerRow === 8);
    draw();
  }).observe(view);
  view.addEventListener('scroll', draw, { passive: true });
  view.addEventListener('click', ({ target }) => {
    const field = (target as HTMLElement).closest<HTMLElement>('.run')?.dataset.field;
    if (field) store.set({ litField: Number(field) });
  });
  view.addEventListener('keydown', (event) => {
    const next = fieldForKey(event.key, store.get().litField, source()?.fields.length ?? 0);
    if (next === undefined) return;
    event.preventDefault();
    store.set({ litField: next });
  });
  store.watch((state) => [selectedEntry(state)?.coded], draw);
  store.watch(
    (state) => [state.litField],
    (field) => {
      const place = field === undefined ? undefined : source()?.fields[field];
      if (place !== undefined) scrollTo(view, place, bytesPerRow);
      light(field);
    },
  );
  return view;
}

function scrollTo(
  view: HTMLElement,
  { offset, bytes }: { offset: number; bytes: number },
  bytesPerRow: number,
) {
  const top = Math.floor(offset / bytesPerRow) * ROW_HEIGHT;
  const bottom = Math.ceil((offset + bytes) / bytesPerRow) * ROW_HEIGHT;
  const isInSight =
    top >= view.scrollTop && Math.min(bottom, top + ROW_HEIGHT) <= view.scrollTop + view.clientHeight;
  if (!isInSight) view.scrollTop = Math.max(0, top - 2 * ROW_HEIGHT);
}

/** The field to go to, or undefined for keys that do not move. */
function fieldForKey(key: string, lit: number | undefined, count: number): number | undefined {
  if (count === 0) return undefined;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(count - 1, (lit ?? -1) + 1);
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(0, (lit ?? 1) - 1);
  return undefined;
}

/** Where a byte stands, in words, for the line below the hex view. */
export function describeByte(fields: Parameters<typeof fieldAt>[0], index: number): string {
  const { name, offset, bytes, value } = fields[index]!;
  return `${name}: byte ${offset}, ${formatBytes(bytes)}. ${value}`;
}

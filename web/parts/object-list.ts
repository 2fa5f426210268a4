import { element, replaceContent, style } from '../state/dom.js';
import { type PageStore, selectedEntry } from '../state/page-state.js';
import { formatShare } from '../state/words.js';
import { shownObjects } from './picture-view.js';

/** The objects that are shown, with their colours. */
export function objectList(store: PageStore): HTMLElement {
  const list = element('ul', { class: 'objects' });
  const none = element('p', { class: 'quiet' });
  store.watch(
    (state) => [selectedEntry(state)?.answers, state.layers],
    (answers, layers) => {
      const objects = answers === undefined ? [] : shownObjects(answers, layers);
      replaceContent(
        list,
        ...objects.map(({ detection: { label, score }, colour }) =>
          element(
            'li',
            {},
            style(element('span', { class: 'swatch', 'aria-hidden': 'true' }), {
              'background-color': `rgb(${colour.join(' ')})`,
            }),
            `${label} `,
            element('span', { class: 'number quiet' }, formatShare(score)),
          ),
        ),
      );
      const below = (answers?.detections.length ?? 0) - objects.length;
      none.textContent = describeRest(answers !== undefined, objects.length, below);
    },
  );
  return element('div', { class: 'object-list' }, element('h3', {}, 'Objects'), list, none);
}

function describeRest(isRead: boolean, shown: number, below: number): string {
  if (!isRead) return 'None yet';
  const rest = below === 0 ? '' : `${below} ${shown === 0 ? '' : 'more '}below this score`;
  if (shown > 0) return rest;
  return rest === '' ? 'None of the 20 kinds that the network knows' : `None; ${rest}`;
}

import { element, svgElement } from '../state/dom.js';
import type { PageStore } from '../state/page-state.js';
import { networkStatus } from './network-status.js';
import { themeChoice } from './theme-choice.js';

/** Name of the product, what the page is for, and what runs it. */
export function topBar(store: PageStore): HTMLElement {
  return element(
    'header',
    { class: 'top-bar' },
    element(
      'div',
      { class: 'brand' },
      mark(),
      element(
        'div',
        {},
        element('h1', {}, 'dicm'),
        element('p', { class: 'quiet' }, 'Image files so small that only networks can read them'),
      ),
    ),
    element('div', { class: 'top-bar-end' }, networkStatus(store), themeChoice()),
  );
}

/** The mark: a picture as a few cells, some of which cost more than others. */
function mark(): SVGElement {
  const cells = [0.25, 0.6, 0.25, 0.6, 1, 0.45, 0.25, 0.45, 0.8];
  return svgElement(
    'svg',
    { class: 'mark', viewBox: '0 0 36 36', 'aria-hidden': 'true' },
    ...cells.map((opacity, i) =>
      svgElement('rect', {
        ...{ x: 1 + 12 * (i % 3), y: 1 + 12 * Math.floor(i / 3), width: 10, height: 10, rx: 2.5 },
        'fill-opacity': opacity,
      }),
    ),
  );
}

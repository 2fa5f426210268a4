import { element } from '../state/dom.js';
import { type PageStore, rebuiltPicture } from '../state/page-state.js';

/** What runs where, and under which licences. */
export function foot(store: PageStore): HTMLElement {
  const model = element('span');
  store.watch(
    (state) => [state.network],
    ({ model: named, backend }) => {
      const parts = [
        named && `Model ${named.name}, decode id ${named.decodeId}`,
        backend && `${backend.name} ${backend.version}`,
      ];
      model.textContent = parts.filter(Boolean).join('; ');
    },
  );
  const view = element(
    'span',
    {},
    ' Pictures of view layers are rebuilt by weights under CC BY-SA 4.0: ',
    element('a', { href: 'view-model/LICENSE' }, 'licence and notice of those'),
    '.',
  );
  store.watch(
    (state) => [state.entries.some((entry) => rebuiltPicture(entry) !== undefined)],
    (isUsed) => {
      view.hidden = !isUsed;
    },
  );
  const isolation = globalThis.crossOriginIsolated
    ? ''
    : 'This page is not isolated (COOP and COEP are not set), so no executor may use threads. ';
  return element(
    'footer',
    { class: 'foot quiet' },
    element('p', {}, 'Everything is computed in this browser; no picture leaves it. ', isolation, model),
    element(
      'p',
      {},
      'Code: Apache-2.0, with ',
      element('a', { href: 'licences.md' }, 'packages under licences of their own'),
      '. The weights of the networks are derived from the product-quantised ResNet-50 of Uber Technologies (“Permute, Quantize, and Fine-tune”, CVPR 2021), and are for ',
      element('strong', {}, 'non-commercial use only'),
      ': ',
      element('a', { href: 'model/LICENSE' }, 'licence and notice'),
      '.',
      view,
      ' Photographs: Stefan van der Walt (CC0), Rachel Michetti / Pikolo Espresso Bar (CC0), NASA and SpaceX (public domain).',
    ),
  );
}

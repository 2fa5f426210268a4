import { element, style } from '../state/dom.js';

/** The bar above: how far the study is, and a button that pauses it. */
export interface TopBar {
  readonly element: HTMLElement;
  /** @param done - Trials that are answered; undefined where nothing is being compared. */
  show(done: number | undefined, trials: number): void;
}

export function openTopBar(onPause: () => void): TopBar {
  const words = element('span', { class: 'progress-words', role: 'status' });
  const bar = element('div', { class: 'progress-bar' });
  const progress = element(
    'div',
    {
      class: 'progress',
      role: 'progressbar',
      'aria-label': 'Comparisons answered',
      'aria-valuemin': 0,
    },
    bar,
  );
  const pause = element('button', { class: 'button', type: 'button' }, 'Pause');
  pause.addEventListener('click', onPause);
  const header = element('header', { class: 'top' }, words, progress, pause);
  header.hidden = true;
  return {
    element: header,
    show: (done, trials) => {
      header.hidden = done === undefined;
      if (done === undefined) return;
      words.textContent = `${Math.min(done + 1, trials)} of ${trials}`;
      progress.setAttribute('aria-valuemax', String(trials));
      progress.setAttribute('aria-valuenow', String(done));
      style(bar, { width: `${(100 * done) / trials}%` });
    },
  };
}

import { element, replaceContent, style } from '../state/dom.js';
import { type CodecName, type PageStore, selectedEntry, type Trial } from '../state/page-state.js';
import { formatCount, formatTimes } from '../state/words.js';
import { findBreak, untriedCodecs } from '../work/try-codecs.js';
import { breakChart } from './break-chart.js';

/** Names of the codecs as they are written. */
const CODEC_WORDS: Readonly<Record<CodecName, string>> = { dicm: 'dicm', webp: 'WebP', jpeg: 'JPEG' };

/** The smallest files at which the same network gives the same answer. */
export function breakPanel(store: PageStore): HTMLElement {
  const rows = element('ul', { class: 'breaks' });
  const intro = element('p', { class: 'quiet' });
  const panel = element(
    'section',
    { class: 'panel break', 'aria-labelledby': 'break-title' },
    element('h2', { id: 'break-title' }, 'How small before the answer breaks'),
    element(
      'div',
      { class: 'break-columns' },
      element(
        'div',
        {},
        intro,
        rows,
        element(
          'p',
          { class: 'quiet' },
          'The same network reads all of them, of the same pixels, at most 288 on the longer side; this browser writes the WebP and JPEG files. A size counts if every larger file that was tried has that label too.',
        ),
      ),
      breakChart(store),
    ),
  );
  store.watch(
    (state) => [
      selectedEntry(state)?.trials,
      selectedEntry(state)?.reference,
      selectedEntry(state)?.photograph,
    ],
    (trials = untriedCodecs, reference, photograph) => {
      const label = reference?.predictions[0]?.label;
      panel.hidden = photograph === undefined;
      intro.textContent =
        label === undefined
          ? 'The network is asked about the photograph first.'
          : `Smallest files that are still called ${label}`;
      const most = Math.max(...trials.map((trial) => findBreak(trial).last?.bytes ?? 0), 1);
      const own = findBreak(trials[0]!).last?.bytes;
      replaceContent(rows, ...trials.map((trial) => breakRow(trial, most, own)));
    },
  );
  return panel;
}

function breakRow(trial: Trial, most: number, own: number | undefined): HTMLElement {
  const { codec, state } = trial;
  const { last, broken } = findBreak(trial);
  const bytes = last?.bytes;
  const bar = style(element('span', { class: `bar ${codec}` }), { '--share': String((bytes ?? 0) / most) });
  const size = bytes === undefined ? waitingWords(trial) : `${formatCount(bytes)} bytes`;
  const factor = codec !== 'dicm' && bytes !== undefined && own !== undefined ? formatTimes(bytes / own) : '';
  const isLeast = bytes !== undefined && broken === undefined && state === 'done';
  const more =
    state === 'running' ? 'still looking' : [factor, isLeast && 'its smallest'].filter(Boolean).join(', ');
  return element(
    'li',
    { class: 'break-row' },
    element('span', { class: 'break-name' }, CODEC_WORDS[codec]),
    element('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    element('span', { class: 'break-size number' }, size),
    element('span', { class: 'break-more quiet' }, more),
  );
}

function waitingWords({ state }: Trial): string {
  if (state === 'unsupported') return 'not written here';
  return state === 'done' ? 'never the same' : '…';
}

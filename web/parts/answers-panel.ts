import type { Prediction } from 'dicm/browser';
import { element, replaceContent, style } from '../state/dom.js';
import { type Answers, type PageStore, selectedEntry } from '../state/page-state.js';
import { formatShare } from '../state/words.js';

/** Most labels to list. */
const MOST_LABELS = 5;

/** What the network says of the file, beside what it says of the photograph. */
export function answersPanel(store: PageStore): HTMLElement {
  const verdict = element('p', { class: 'verdict', 'aria-live': 'polite' });
  const labels = element('ul', { class: 'labels' });
  const key = element('p', { class: 'quiet key' });
  const problem = element('div', { class: 'problem', role: 'alert' });
  const answers = element('div', { class: 'answers' }, verdict, labels, key);
  store.watch(
    (state) => [selectedEntry(state), state.network.failure],
    (entry, networkFailure) => {
      const failure = entry?.failure ?? networkFailure;
      problem.hidden = failure === undefined;
      answers.hidden = failure !== undefined;
      if (failure === undefined) return replaceContent(problem);
      replaceContent(
        problem,
        element('p', {}, failure.message),
        failure.advice !== undefined && element('p', {}, failure.advice),
        element('p', { class: 'quiet' }, 'Code: ', element('code', {}, failure.code)),
      );
    },
  );
  store.watch(
    (state) => [selectedEntry(state)?.answers, selectedEntry(state)?.reference],
    (file, reference) => {
      const { words, state } = judgeInWords(file, reference);
      verdict.dataset.state = state;
      verdict.textContent = words;
      replaceContent(labels, ...labelRows(file, reference));
      key.hidden = file === undefined || reference === undefined;
      replaceContent(
        key,
        element('span', { class: 'key-bar', 'aria-hidden': 'true' }),
        ' of the file ',
        element('span', { class: 'key-tick', 'aria-hidden': 'true' }),
        ' of the photograph itself, by the same network',
      );
    },
  );
  store.watch(
    (state) => [selectedEntry(state)?.answered !== selectedEntry(state)?.coded],
    (isOld) => labels.classList.toggle('old', isOld),
  );
  return element(
    'section',
    { class: 'panel answers-panel', 'aria-labelledby': 'answers-title' },
    element('h2', { id: 'answers-title' }, 'What the network says'),
    problem,
    answers,
  );
}

function judgeInWords(
  file: Answers | undefined,
  reference: Answers | undefined,
): { words: string; state: 'waiting' | 'alone' | 'same' | 'changed' } {
  const said = file?.predictions[0];
  const wanted = reference?.predictions[0];
  if (file !== undefined && said === undefined) {
    return { words: 'This file is for eyes alone: it has no layer that networks read', state: 'alone' };
  }
  if (said === undefined) return { words: 'Nothing yet', state: 'waiting' };
  if (wanted === undefined) return { words: `It shows: ${said.label}`, state: 'alone' };
  return said.index === wanted.index
    ? { words: `Same answer as the photograph: ${said.label}`, state: 'same' }
    : { words: `The answer broke: ${said.label}, not ${wanted.label}`, state: 'changed' };
}

/** The first labels of the file, and the first of the photograph wherever the file has it. */
function labelRows(file: Answers | undefined, reference: Answers | undefined): HTMLElement[] {
  const ranked = file?.predictions ?? reference?.predictions ?? [];
  const wanted = reference?.predictions[0]?.index;
  const first = ranked.slice(0, MOST_LABELS);
  const missing = ranked.find(({ index }) => index === wanted && !first.some((one) => one.index === wanted));
  if (missing !== undefined) first.splice(-1, 1, missing);
  const scores = new Map(reference?.predictions.map(({ index, score }) => [index, score]));
  return first.map((prediction) =>
    labelRow(prediction, file !== undefined, scores.get(prediction.index), wanted),
  );
}

function labelRow(
  { label, score, index }: Prediction,
  isOfFile: boolean,
  reference: number | undefined,
  wanted: number | undefined,
): HTMLElement {
  const shown = isOfFile ? score : 0;
  const bar = style(element('span', { class: 'bar' }), { '--share': String(shown) });
  const tick =
    reference !== undefined && style(element('span', { class: 'tick' }), { '--share': String(reference) });
  const spoken = reference === undefined ? '' : `; of the photograph ${formatShare(reference)}`;
  return element(
    'li',
    { class: index === wanted ? 'label wanted' : 'label' },
    element('span', { class: 'label-name' }, label),
    element('span', { class: 'label-score number' }, isOfFile ? formatShare(score) : '…'),
    element('span', { class: 'hidden' }, spoken),
    element('span', { class: 'track', 'aria-hidden': 'true' }, bar, tick),
  );
}

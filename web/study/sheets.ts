import type { StudySite } from '../../src/study/study-format.js';
import { element } from '../state/dom.js';

/** What a page of words is made of: a heading, text, and buttons. */
export function sheet(heading: string, ...content: readonly (HTMLElement | string)[]): HTMLElement {
  return element('section', { class: 'sheet' }, element('h1', {}, heading), ...content);
}

/** A button; `primary` for what most will want. */
export function button(words: string, kind: 'primary' | 'plain' = 'plain'): HTMLButtonElement {
  return element(
    'button',
    { class: kind === 'primary' ? 'button primary' : 'button', type: 'button' },
    words,
  );
}

/** Waits for one of some buttons. */
export function pressed<Name extends string>(
  buttons: Readonly<Record<Name, HTMLButtonElement>>,
): Promise<Name> {
  return new Promise((resolve) => {
    for (const name of Object.keys(buttons) as Name[]) {
      buttons[name].addEventListener('click', () => resolve(name), { once: true });
    }
  });
}

/** The consent text, and the two answers to it. */
export function consentSheet(site: StudySite, trials: number) {
  const agree = element('input', { type: 'checkbox', id: 'agree' });
  const begin = button('Go on', 'primary');
  const decline = button('I do not want to take part');
  begin.disabled = true;
  agree.addEventListener('change', () => {
    begin.disabled = !agree.checked;
  });
  return {
    buttons: { begin, decline },
    element: sheet(
      'Which version is closer?',
      element(
        'p',
        { class: 'lead' },
        `A study of pictures: ${trials} comparisons, about ${minutesFor(trials)}.`,
      ),
      element('div', { class: 'consent' }, ...site.consent.map((text) => element('p', {}, text))),
      element(
        'label',
        { class: 'agree', for: 'agree' },
        agree,
        element('span', {}, 'I have read this and want to take part.'),
      ),
      element('div', { class: 'row' }, begin, decline),
    ),
  };
}

/** How it is done, before the first comparison. */
export function instructionSheet() {
  const start = button('Start', 'primary');
  const item = (...content: readonly (HTMLElement | string)[]) => element('li', {}, ...content);
  return {
    buttons: { start },
    element: sheet(
      'How it works',
      element(
        'ul',
        { class: 'how' },
        item(
          'Above you see an original, below it two versions of it. Choose the version that is ',
          strong('closer to the original'),
          '.',
        ),
        item(
          'Sometimes you will see no difference, or find both equally good. Choose all the same, by what you feel.',
        ),
        item('Choose by the buttons or by tapping a version. You may change your mind until you press Next.'),
        item(
          'All three pictures move and enlarge together: drag, pinch or turn the wheel on any of them. 1:1 is how they are ' +
            'meant to be seen.',
        ),
        element(
          'li',
          { class: 'with-keys' },
          'With a keyboard: ',
          keys(['←', '→'], 'choose,'),
          ' ',
          keys(['Enter'], 'is Next,'),
          ' ',
          keys(['+', '−'], 'enlarge,'),
          ' ',
          keys(['W', 'A', 'S', 'D'], 'move,'),
          ' ',
          keys(['P'], 'pauses.'),
        ),
        item(
          'Sit as you usually do, and let the page have the whole window. Pause whenever you like: what you answered is kept in this browser.',
        ),
      ),
      element('div', { class: 'row' }, start),
    ),
  };
}

/** For who comes back. */
export function resumeSheet(done: number, trials: number) {
  const resume = button('Go on where I stopped', 'primary');
  const restart = button('Delete my answers and begin anew');
  return {
    buttons: { resume, restart },
    element: sheet(
      'Welcome back',
      element('p', { class: 'lead' }, `You have answered ${done} of ${trials} comparisons in this browser.`),
      element('div', { class: 'row' }, resume, restart),
    ),
  };
}

/** Keys and what they do, on one line. */
export function keys(names: readonly string[], words: string): HTMLElement {
  return element(
    'span',
    { class: 'key-help' },
    ...names.map((name) => element('kbd', {}, name)),
    ` ${words}`,
  );
}

function strong(text: string): HTMLElement {
  return element('strong', {}, text);
}

/** At ten seconds each, which most people need at first. */
function minutesFor(trials: number): string {
  const minutes = Math.max(1, Math.round(trials / 6));
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

import '../styles/tokens.css';
import './styles/sheets.css';
import './styles/board.css';
import { initJsPsych } from 'jspsych';
import { drawTrials } from '../../src/study/draw-trials.js';
import type { StudyAnswer, StudySite } from '../../src/study/study-format.js';
import { element, replaceContent } from '../state/dom.js';
import { ComparisonPlugin } from './comparison-plugin.js';
import { endSheet } from './end-sheet.js';
import { openPauseDialog } from './pause-dialog.js';
import { openSession, type Session } from './session.js';
import { type Sheet, SheetPlugin } from './sheet-plugin.js';
import { consentSheet, instructionSheet, resumeSheet, sheet } from './sheets.js';
import { openTopBar } from './top-bar.js';

const stage = element('main', { class: 'stage' });
const site = JSON.parse(document.querySelector('#study')!.textContent) as StudySite;
const named = new URLSearchParams(location.search).get('rater') ?? undefined;
if (named !== undefined && !/^[\w.-]{1,64}$/.test(named)) {
  show(
    sheet(
      'This address does not work',
      element('p', {}, 'The name in ?rater= may have letters, digits, dots, - and _, at most 64.'),
    ),
  );
} else void runStudy(openSession(site, named));

/** From consent, or from where the rater stopped, to the end. */
async function runStudy(session: Session): Promise<void> {
  const trials = drawTrials(site, session.rater);
  if (session.isFinished) return showEnd(session);
  const done = session.answers.length;
  const jsPsych = initJsPsych({
    display_element: stage,
    // There is no sound, so nothing that a page opened as a file could not do.
    override_safe_mode: true,
    on_trial_start: () => stage.scrollTo(0, 0),
  });
  const pause = openPauseDialog(session, () => {
    topBar.show(undefined, trials.length);
    document.removeEventListener('keydown', onKey);
    jsPsych.abortExperiment();
    show(farewell());
  });
  const topBar = openTopBar(pause.open);
  const onKey = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() === 'p' && !event.ctrlKey && !event.metaKey && !topBar.element.hidden)
      pause.open();
  };
  document.addEventListener('keydown', onKey);
  show(topBar.element);

  const sheetTrial = (make: () => Sheet, onPressed: (name: string) => void) => ({
    type: SheetPlugin,
    make,
    on_finish: ({ pressed }: { pressed: string }) => onPressed(pressed),
  });
  const comparisons = trials.slice(done).map((drawn, i) => ({
    type: ComparisonPlugin,
    drawn,
    following: trials[done + i + 1] ?? null,
    on_start: () => topBar.show(done + i, trials.length),
    on_finish: ({ answer }: { answer?: StudyAnswer }) => {
      // There is none where the study was stopped.
      if (answer !== undefined) session.answer(answer);
    },
  }));
  let goesOn = true;
  const opening = session.hasConsent
    ? [
        sheetTrial(
          () => resumeSheet(done, trials.length),
          (name) => {
            if (name !== 'restart') return;
            session.forget();
            location.reload();
          },
        ),
      ]
    : [
        sheetTrial(
          () => consentSheet(site, trials.length),
          (name) => {
            goesOn = name === 'begin';
            if (goesOn) session.consent();
            else jsPsych.abortExperiment();
          },
        ),
        sheetTrial(instructionSheet, () => {}),
      ];
  await jsPsych.run([...opening, ...comparisons]);
  document.removeEventListener('keydown', onKey);
  if (!session.hasConsent) return show(goesOn ? farewell() : declined());
  session.finish();
  topBar.show(undefined, trials.length);
  showEnd(session);
}

function showEnd(session: Session): void {
  show(
    endSheet(site, session, () => {
      session.forget();
      show(farewell());
    }),
  );
}

function declined(): HTMLElement {
  return sheet('Thank you all the same', element('p', {}, 'Nothing was kept. You can close this page.'));
}

function farewell(): HTMLElement {
  return sheet(
    'Your answers are deleted',
    element('p', {}, 'Nothing is kept in this browser. You can close this page.'),
  );
}

/** Shows the bar above the stage, or words in its place. */
function show(content: HTMLElement): void {
  const page = document.querySelector('#page')!;
  if (content.matches('header')) replaceContent(page, content, stage);
  else {
    replaceContent(stage, content);
    replaceContent(page, stage);
  }
}

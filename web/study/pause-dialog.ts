import { element, replaceContent } from '../state/dom.js';
import { saveResult } from './give-result.js';
import { setPaused } from './pausing.js';
import type { Session } from './session.js';
import { button } from './sheets.js';

/** The dialog of a pause. */
export interface PauseDialog {
  open(): void;
}

/** @param onStop - The rater wants no more; everything has been deleted. */
export function openPauseDialog(session: Session, onStop: () => void): PauseDialog {
  const resume = button('Go on', 'primary');
  const save = button('Save my answers so far');
  const stop = button('Stop and delete my answers');
  const kept = element('p', {});
  const row = element('div', { class: 'row' });
  const dialog = element(
    'dialog',
    { class: 'sheet', 'aria-labelledby': 'paused' },
    element('h2', { id: 'paused' }, 'Paused'),
    kept,
    row,
  );
  document.body.append(dialog);
  resume.addEventListener('click', () => dialog.close());
  save.addEventListener('click', () => saveResult(session.result(false)));
  stop.addEventListener('click', () => {
    const sure = button('Yes, delete them', 'primary');
    const back = button('No');
    kept.textContent = 'Your answers will be deleted from this browser, and nobody gets them.';
    replaceContent(row, sure, back);
    back.addEventListener('click', () => dialog.close());
    back.focus();
    sure.addEventListener('click', () => {
      session.forget();
      dialog.close();
      onStop();
    });
  });
  dialog.addEventListener('close', () => setPaused(false));
  return {
    open: () => {
      if (dialog.open) return;
      const count = session.answers.length;
      kept.textContent = session.isKept
        ? `Your answers so far (${count}) are kept in this browser. You can close the page and open it again later to go on.`
        : `This browser keeps nothing: your answers so far (${count}) are lost when you close the page.`;
      replaceContent(row, resume, save, stop);
      setPaused(true);
      dialog.showModal();
    },
  };
}

import type { StudySite } from '../../src/study/study-format.js';
import { element } from '../state/dom.js';
import { saveResult, sendResult } from './give-result.js';
import type { Session } from './session.js';
import { button, sheet } from './sheets.js';

/** Thanks, and the answers: sent where that is wanted, saved, and deleted when the rater says so. */
export function endSheet(site: StudySite, session: Session, onForget: () => void): HTMLElement {
  const status = element('p', { class: 'status', role: 'status' });
  const save = button('Save my answers as a file', site.post === undefined ? 'primary' : 'plain');
  const again = button('Send again', 'primary');
  const forget = button('Delete my answers from this browser');
  again.hidden = true;
  save.addEventListener('click', () => saveResult(session.result(true)));
  forget.addEventListener('click', onForget);
  const send = async (post: string) => {
    again.hidden = true;
    status.textContent = 'Your answers are being sent…';
    const problem = await sendResult(session.result(true), post);
    if (problem === undefined) session.markSent();
    show(problem);
  };
  const show = (problem?: string) => {
    status.textContent =
      problem === undefined
        ? 'Your answers have been sent. You can close this page.'
        : `Your answers could not be sent: ${problem}. Send them again, or save them as a file and pass that on.`;
    status.classList.toggle('bad', problem !== undefined);
    again.hidden = problem === undefined;
  };
  const { post } = site;
  if (post === undefined) {
    status.textContent =
      'Your answers are in this browser and nowhere else. Save them as a file and give it to whoever asked you.';
  } else {
    again.addEventListener('click', () => void send(post));
    if (session.isSent) show();
    else void send(post);
  }
  return sheet(
    'Thank you',
    element('p', { class: 'lead' }, `You have answered all ${session.answers.length} comparisons.`),
    status,
    element('div', { class: 'row' }, again, save, forget),
    element('p', { class: 'quiet' }, `Your name in the results: ${session.rater}`),
  );
}

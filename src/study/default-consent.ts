/**
 * What raters agree to where no text is given. It can say what the page does, and neither who asks nor what for.
 *
 * @param post - Where results go, if anywhere.
 */
export function defaultConsent(post: string | undefined): string {
  return [
    'You are asked to compare pictures: an original and two versions of it, of which you choose the one that is closer to ' +
      'the original. There are no right answers to most of them; what you see is what counts.',
    'Taking part is voluntary. You can pause, and you can stop at any time without giving a reason; your answers are then ' +
      'deleted from this browser.',
    'What is kept: which version you chose, how long you took, how far you enlarged the pictures, whether you used keys, mouse or ' +
      'touch, the size of this window and its pixels, a light or dark page, and the times of agreement and end. Neither your ' +
      'name nor anything else about you is asked for, and nothing is measured by others: there are no cookies and no counters.',
    'Until the end your answers stay in this browser. ' +
      (post === undefined
        ? 'Then you can save them as a file; nobody gets it unless you give it to them.'
        : 'Then they are sent to whoever asked you to take part, and you can save a copy.'),
    'Questions are answered by whoever gave you the address of this page.',
  ].join('\n\n');
}

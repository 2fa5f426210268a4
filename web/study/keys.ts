import type { Board } from './board.js';
import type { SharedView } from './view-state.js';

/** How far a key moves what is seen, in CSS pixels. */
const STEP = 40;

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  w: [0, STEP],
  a: [STEP, 0],
  s: [0, -STEP],
  d: [-STEP, 0],
};

/**
 * Lets keys choose, zoom and move, wherever the focus is, but not while a dialog is open.
 *
 * @returns Ends that.
 */
export function listenToKeys(view: SharedView, board: Pick<Board, 'onChoose' | 'onKeep'>): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // Buttons know what these mean to them.
    if ((key === 'Enter' || key === ' ') && event.target instanceof HTMLButtonElement) return;
    const act = actionOf(key, view, board);
    if (act === undefined) return;
    event.preventDefault();
    // A key that is held down moves and zooms, and chooses once.
    if (!event.repeat || key in MOVES) act();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function actionOf(
  key: string,
  view: SharedView,
  board: Pick<Board, 'onChoose' | 'onKeep'>,
): (() => void) | undefined {
  const move = MOVES[key];
  if (move !== undefined) return () => view.moveBy(...move);
  switch (key) {
    case 'ArrowLeft':
      return () => board.onChoose('left', 'keyboard');
    case 'ArrowRight':
      return () => board.onChoose('right', 'keyboard');
    case 'Enter':
    case ' ':
      return () => board.onKeep();
    case '+':
    case '=':
      return () => view.step(1);
    case '-':
      return () => view.step(-1);
    case '0':
      return () => view.zoomTo(1);
    default:
      return undefined;
  }
}

import type { SiteTrial, StudyAnswer } from '../../src/study/study-format.js';
import { element } from '../state/dom.js';
import { addGestures } from './gestures.js';
import { listenToKeys } from './keys.js';
import { keys } from './sheets.js';
import { openSharedView, type SharedView } from './view-state.js';

export type Side = StudyAnswer['chosen'];

/** What one trial shows, and takes answers with. */
export interface Board {
  readonly element: HTMLElement;
  readonly view: SharedView;
  onChoose: (side: Side, input: StudyAnswer['input']) => void;
  onKeep: () => void;
  /** Marks what is chosen, which can be kept from then on. */
  showChoice(side: Side): void;
  /** To be called when the element is in the page: sizes it, and again when the page changes. */
  start(): void;
  stop(): void;
}

const SIDES: readonly Side[] = ['left', 'right'];

/** Below this height of the room for pictures all three stand beside one another. */
const LOW = 420;

/** Gap between windows and height of the words below them, in CSS pixels, as the styles have them. */
const GAP = 12;
const CAPTION = 26;

/** @param images - Original, left and right. */
export function openBoard(
  size: Pick<SiteTrial, 'width' | 'height'>,
  images: readonly HTMLImageElement[],
): Board {
  const names = ['Original', 'Left version', 'Right version'];
  const panes = images.map((image, i) => paneOf(names[i]!, image));
  const view = openSharedView(size, panes);
  const [original, left, right] = panes.map(({ figure }) => figure);
  const chooseButtons = SIDES.map((side) => chooseButton(side));
  const next = element(
    'button',
    { class: 'button primary next', type: 'button', 'aria-disabled': 'true' },
    'Next',
  );
  const zoom = zoomTools(view);
  const room = element(
    'div',
    { class: 'room' },
    element(
      'div',
      { class: 'ask' },
      element('h1', {}, 'Which version is closer to the original?'),
      element(
        'p',
        { class: 'keys' },
        keys(['←', '→'], 'choose'),
        keys(['Enter'], 'next'),
        keys(['+', '−'], 'enlarge'),
        keys(['W', 'A', 'S', 'D'], 'move'),
        keys(['P'], 'pause'),
      ),
    ),
    original,
    zoom,
    element('div', { class: 'pair' }, left, right),
  );
  const board: Board = {
    element: element(
      'div',
      { class: 'board' },
      room,
      element('div', { class: 'choices' }, chooseButtons[0], next, chooseButtons[1]),
    ),
    view,
    onChoose: () => {},
    onKeep: () => {},
    showChoice: (side) => {
      for (const [i, button] of chooseButtons.entries()) {
        button.setAttribute('aria-pressed', String(SIDES[i] === side));
        panes[i + 1]!.figure.classList.toggle('chosen', SIDES[i] === side);
      }
      next.setAttribute('aria-disabled', 'false');
    },
    start: () => {},
    stop: () => {},
  };
  const stopKeys = listenToKeys(view, board);
  const observer = new ResizeObserver(() => fitInto(room, view));
  board.start = () => {
    fitInto(room, view);
    observer.observe(room);
  };
  board.stop = () => {
    observer.disconnect();
    stopKeys();
  };
  for (const [i, side] of SIDES.entries()) {
    chooseButtons[i]!.addEventListener('click', (event) => board.onChoose(side, inputOf(event)));
    addGestures(panes[i + 1]!.frame, view, (event) => board.onChoose(side, inputOf(event)));
  }
  addGestures(panes[0]!.frame, view, () => {});
  next.addEventListener('click', () => board.onKeep());
  return board;
}

/** Gives the windows the largest size that the room has for all three. */
function fitInto(room: HTMLElement, view: SharedView): void {
  const { width, height } = room.getBoundingClientRect();
  const isLow = height < LOW && width > height;
  room.classList.toggle('low', isLow);
  const [columns, rows] = isLow ? [3, 1] : [2, 2];
  // What is asked stands above the pictures only where these are in one row.
  const above = isLow ? 44 : 0;
  view.fit((width - GAP * (columns - 1)) / columns, (height - above - GAP * (rows - 1)) / rows - CAPTION);
}

function paneOf(name: string, image: HTMLImageElement) {
  const frame = element('div', { class: 'window', role: 'img', 'aria-label': name }, image);
  const figure = element(
    'figure',
    { class: 'pane' },
    frame,
    element('figcaption', { 'aria-hidden': 'true' }, name),
  );
  return { figure, frame, image };
}

function chooseButton(side: Side): HTMLButtonElement {
  const words = side === 'left' ? 'Left is closer' : 'Right is closer';
  return element(
    'button',
    { class: `button choose ${side}`, type: 'button', 'aria-pressed': 'false' },
    words,
  );
}

function zoomTools(view: SharedView): HTMLElement {
  const smaller = element('button', { class: 'button', type: 'button', 'aria-label': 'Smaller' }, '−');
  const shown = element('output', { class: 'zoom', 'aria-label': 'Enlargement' });
  const larger = element('button', { class: 'button', type: 'button', 'aria-label': 'Larger' }, '+');
  smaller.addEventListener('click', () => view.step(-1));
  larger.addEventListener('click', () => view.step(1));
  view.onChange = () => {
    shown.textContent = view.zoom === 1 ? '1:1' : `${view.zoom}×`;
    smaller.setAttribute('aria-disabled', String(view.zoom === 1));
  };
  return element('div', { class: 'tools', role: 'group', 'aria-label': 'Enlarge' }, smaller, shown, larger);
}

function inputOf(event: MouseEvent): StudyAnswer['input'] {
  // Keys press buttons, too, and come as clicks that no pointer has counted.
  if (event.type === 'click' && event.detail === 0) return 'keyboard';
  const { pointerType } = event as PointerEvent;
  return pointerType === 'touch' || pointerType === 'pen' ? 'touch' : 'mouse';
}

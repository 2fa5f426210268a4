import { type JsPsych, type JsPsychPlugin, ParameterType, type TrialType } from 'jspsych';
import type { DrawnTrial } from '../../src/study/draw-trials.js';
import type { StudyAnswer } from '../../src/study/study-format.js';
import { element, replaceContent } from '../state/dom.js';
import { type Board, openBoard, type Side } from './board.js';
import { loadPictures, pictureAddress } from './load-pictures.js';
import { whilePaused } from './pausing.js';
import { startStopwatch } from './stopwatch.js';

const info = {
  name: 'comparison',
  version: '1.0.0',
  parameters: {
    /** What is compared. */
    drawn: { type: ParameterType.COMPLEX, default: undefined },
    /** The trial after it, whose pictures are loaded beforehand. */
    following: { type: ParameterType.COMPLEX, default: null },
  },
  data: {
    answer: { type: ParameterType.COMPLEX },
  },
} as const;

/** Shows an original above two versions of it until one is chosen: a plugin for jsPsych. */
export class ComparisonPlugin implements JsPsychPlugin<typeof info> {
  static info = info;
  readonly #jsPsych: JsPsych;

  constructor(jsPsych: JsPsych) {
    this.#jsPsych = jsPsych;
  }

  trial(display: HTMLElement, { drawn, following }: TrialType<typeof info>): void {
    void run(display, drawn as DrawnTrial, following as DrawnTrial | null).then((answer) =>
      this.#jsPsych.finishTrial({ answer }),
    );
  }
}

async function run(
  display: HTMLElement,
  drawn: DrawnTrial,
  following: DrawnTrial | null,
): Promise<StudyAnswer> {
  const images = await loadPatiently(display, [drawn.original, drawn.left, drawn.right]);
  // What comes next is there when it is asked for.
  for (const file of new Set(following === null ? [] : [following.original, ...following.files])) {
    new Image().src = pictureAddress(file);
  }
  const board = openBoard(drawn, images);
  replaceContent(display, board.element);
  board.start();
  const { chosen, ms, input } = await choice(board);
  const { trial, left, right } = drawn;
  return { trial, left, right, chosen, ms, zoom: board.view.mostZoom, input };
}

/** Waits until a side is chosen and kept; it may be changed before. */
function choice(board: Board): Promise<Pick<StudyAnswer, 'chosen' | 'ms' | 'input'>> {
  const watch = startStopwatch();
  const stopPausing = whilePaused(watch);
  let current: Pick<StudyAnswer, 'chosen' | 'ms' | 'input'> | undefined;
  return new Promise((resolve) => {
    const choose = (chosen: Side, input: StudyAnswer['input']) => {
      // What was chosen once more stays as it was first chosen.
      if (current?.chosen !== chosen) current = { chosen, ms: watch.ms, input };
      board.showChoice(chosen);
    };
    const keep = () => {
      if (current === undefined) return;
      board.stop();
      watch.stop();
      stopPausing();
      resolve(current);
    };
    board.onChoose = choose;
    board.onKeep = keep;
  });
}

/** Loads pictures; where one does not come, lets the rater ask for it again. */
async function loadPatiently(
  display: HTMLElement,
  files: readonly string[],
): Promise<readonly HTMLImageElement[]> {
  for (;;) {
    try {
      return await loadPictures(files);
    } catch {
      const again = element('button', { class: 'button primary', type: 'button' }, 'Try again');
      const words = 'A picture did not come. Your answers are kept; look at the connection.';
      replaceContent(
        display,
        element('div', { class: 'sheet', role: 'alert' }, element('p', {}, words), again),
      );
      await new Promise((resolve) => again.addEventListener('click', resolve, { once: true }));
    }
  }
}

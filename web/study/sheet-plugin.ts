import { type JsPsych, type JsPsychPlugin, ParameterType, type TrialType } from 'jspsych';
import { replaceContent } from '../state/dom.js';
import { pressed } from './sheets.js';

/** A page of words with buttons. */
export interface Sheet {
  readonly element: HTMLElement;
  readonly buttons: Readonly<Record<string, HTMLButtonElement>>;
}

const info = {
  name: 'sheet',
  version: '1.0.0',
  parameters: {
    /** Makes the page when its turn has come. */
    make: { type: ParameterType.FUNCTION, default: undefined },
  },
  data: {
    /** Name of the button that was pressed. */
    pressed: { type: ParameterType.STRING },
  },
} as const;

/** Shows a page of words until one of its buttons is pressed: a plugin for jsPsych. */
export class SheetPlugin implements JsPsychPlugin<typeof info> {
  static info = info;
  readonly #jsPsych: JsPsych;

  constructor(jsPsych: JsPsych) {
    this.#jsPsych = jsPsych;
  }

  trial(display: HTMLElement, { make }: TrialType<typeof info>): void {
    const { element, buttons } = (make as () => Sheet)();
    replaceContent(display, element);
    void pressed(buttons).then((name) => this.#jsPsych.finishTrial({ pressed: name }));
  }
}

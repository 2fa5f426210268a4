import { printable, printableLines } from '../printable.js';
import { describeFailure } from './exit-codes.js';
import { type Terminal, wantsColour } from './terminal.js';

/** How much a run says. */
export interface ReporterOptions {
  /** One JSON object a line instead of text. */
  json: boolean;
  /** Errors only. */
  quiet: boolean;
  /** Choices and reasons too. */
  verbose: boolean;
}

const RED = '\u001b[31m';
const YELLOW = '\u001b[33m';
const RESET = '\u001b[0m';

/**
 * The one voice of a run: data and JSON go to stdout, talk goes to stderr. While progress bars are drawn, talk
 * passes through them so that neither destroys the other. Text may have names and labels of strangers in it, so none of it
 * controls a terminal; talk is one line, except where an error lists reasons.
 */
export class Reporter {
  readonly options: ReporterOptions;
  readonly #terminal: Terminal;
  readonly #colour: boolean;
  #talkThrough: ((line: string) => void) | undefined;

  constructor(terminal: Terminal, options: ReporterOptions) {
    this.#terminal = terminal;
    this.options = options;
    this.#colour = wantsColour(terminal.stderr, terminal.env);
  }

  /** Lets progress bars pass talk on; `undefined` ends that. */
  talkThrough(write: ((line: string) => void) | undefined): void {
    this.#talkThrough = write;
  }

  /**
   * Prints lines of a result for people.
   *
   * @param lines - What comes from outside is on one line already: `printable`, `formatTable`.
   */
  text(lines: string): void {
    this.#data(printableLines(lines));
  }

  /** Prints one object of a result for programs, on one line. */
  json(object: { schema: string; [key: string]: unknown }): void {
    this.#data(JSON.stringify(object));
  }

  /** Says what was done, unless asked to be quiet. */
  say(line: string): void {
    if (!this.options.quiet && !this.options.json) this.#talk(printable(line));
  }

  /** Says how a batch ended, unless asked to be quiet: those who read JSON leave this to people. */
  summarise(line: string): void {
    if (!this.options.quiet) this.#talk(printable(line));
  }

  /** Says what only the curious want to know. */
  explain(line: string): void {
    if (this.options.verbose) this.#talk(printable(line));
  }

  /** Says that a result is not quite what was asked for. */
  warn(line: string): void {
    if (!this.options.quiet) this.#talk(`${this.#paint(YELLOW, 'warning:')} ${printable(line)}`);
  }

  /**
   * Reports a failure: a `dicm.error/1` object with `--json`, a line on stderr otherwise.
   *
   * @param file - The input it belongs to; `null` when it belongs to none.
   */
  fail(file: string | null, error: unknown): void {
    const { code, message, lines = [message], stack } = describeFailure(error);
    if (this.options.json) this.json({ schema: 'dicm.error/1', file, code, message });
    else {
      const place = file === null || message.includes(file) ? '' : `${printable(file)}: `;
      this.#talk(`${this.#paint(RED, 'error:')} ${place}${lines.map(printable).join('\n')} [${code}]`);
    }
    if (stack !== undefined && this.options.verbose) this.#talk(printableLines(stack));
  }

  /** On a terminal results and bars share the screen, so results pass through the bars as well. */
  #data(lines: string): void {
    const { stdout } = this.#terminal;
    if (this.#talkThrough !== undefined && stdout.isTTY === true) this.#talkThrough(`${lines}\n`);
    else stdout.write(`${lines}\n`);
  }

  #talk(line: string): void {
    if (this.#talkThrough !== undefined) this.#talkThrough(`${line}\n`);
    else this.#terminal.stderr.write(`${line}\n`);
  }

  #paint(colour: string, text: string): string {
    return this.#colour ? `${colour}${text}${RESET}` : text;
  }
}

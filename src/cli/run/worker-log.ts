import type { WorkerEvent } from '../../fleet/worker/worker-events.js';
import type { Context } from '../context.js';

/** How a worker tells what it does: lines for people, or one JSON object a line for programs that collect logs. */
export type LogKind = 'text' | 'json';

/** Events that `-v` adds. */
const DETAILS: readonly WorkerEvent['event'][] = ['leased', 'done'];

/** Says on stderr what a worker does. */
export function logWorker({ terminal, reporter }: Context, kind: LogKind, worker: string) {
  return (event: WorkerEvent): void => {
    if (DETAILS.includes(event.event) && !reporter.options.verbose) return;
    if (kind === 'text') {
      const [level, words] = describe(event);
      if (level === 'warn') reporter.warn(words);
      else if (level === 'info') reporter.summarise(words);
      else reporter.explain(words);
    } else if (!reporter.options.quiet || describe(event)[0] === 'warn') {
      const { event: name, ...rest } = event;
      const head = { time: new Date().toISOString(), level: describe(event)[0], event: name, worker };
      terminal.stderr.write(`${JSON.stringify({ ...head, ...rest })}\n`);
    }
  };
}

function describe(event: WorkerEvent): ['warn' | 'info' | 'debug', string] {
  switch (event.event) {
    case 'started':
      return ['info', `works on ${event.jobs} inputs at a time`];
    case 'leased':
      return [
        'debug',
        `leased ${event.inputs} inputs${event.tries > 0 ? `, tried ${event.tries} times` : ''}`,
      ];
    case 'done':
      return ['debug', `${event.source}  ${event.isThere ? 'is there already' : `${event.elapsedMs} ms`}`];
    case 'failed': {
      const next = event.isParked ? 'given up' : 'will be tried again';
      return ['warn', `${event.source}: ${event.message} [${event.code}]; try ${event.tries}, ${next}`];
    }
    case 'process-ended':
      return ['warn', `a job process is started again: ${event.message}`];
    case 'lease-lost':
      return ['warn', 'an item took longer than its lease lasts, and somebody else has it now'];
    case 'list-unreachable':
      return ['warn', `the work list does not answer: ${event.message}`];
    case 'stopping':
      return ['info', 'stops: what is in work is ended, the rest goes back'];
    case 'stopped':
      return ['info', `${event.done} done, ${event.failed} failed, ${event.handedBack} handed back`];
  }
}

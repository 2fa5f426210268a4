import { UsageError } from '../errors.js';
import type { Task } from '../tasks/all-tasks.js';
import type { TaskOptions } from '../tasks/task.js';

/**
 * What of the answer to a picture has to stay what it is:
 * `top1`, the best class;
 * `top5`, which five classes are the best, in whatever order;
 * `labels=0.5`, which classes have at least this probability (0.5 unless given);
 * `boxes=0.75`, the objects: as many, of the same categories, each with an intersection over union of at least this with
 * its own before (0.5 unless given);
 * `masks=0.75`, the same by the pixels that they cover.
 */
export type KeptAnswer =
  | 'top1'
  | 'top5'
  | 'labels'
  | `labels=${number}`
  | 'boxes'
  | `boxes=${number}`
  | 'masks'
  | `masks=${number}`;

/** A {@link KeptAnswer}, read. */
export interface KeepRule {
  readonly kind: 'top1' | 'top5' | 'labels' | 'boxes' | 'masks';
  /** Smallest probability of labels, smallest overlap of objects; above 0, at most 1. */
  readonly least: number;
}

/** What has to be asked of a picture to compare its answers. */
export interface KeepQuestion extends TaskOptions {
  readonly tasks: readonly Task[];
}

/** Smallest probability, and smallest overlap, where none is given. */
const DEFAULT_LEAST = 0.5;

const ANSWERS: readonly KeepRule['kind'][] = ['top1', 'top5', 'labels', 'boxes', 'masks'];

/** @throws UsageError `bad-keep` */
export function parseKeptAnswers(answers: readonly string[]): KeepRule[] {
  if (!Array.isArray(answers) || answers.length === 0) {
    throw new UsageError('bad-keep', `keep must be a list of at least one of ${ANSWERS.join(', ')}`);
  }
  return answers.map(parseKeptAnswer);
}

function parseKeptAnswer(answer: unknown): KeepRule {
  const [, name, value] = /^([a-z0-9]+)(?:=(.*))?$/.exec(String(answer)) ?? [];
  const kind = ANSWERS.find((one) => one === name);
  if (kind === undefined) {
    throw new UsageError('bad-keep', `there is no answer ${answer} to keep; there are ${ANSWERS.join(', ')}`);
  }
  if (value === undefined) return { kind, least: DEFAULT_LEAST };
  const least = value.trim() === '' ? NaN : Number(value);
  if (kind === 'top1' || kind === 'top5' || !(least > 0 && least <= 1)) {
    const says = kind === 'top1' || kind === 'top5' ? 'takes no number' : 'takes a number above 0, at most 1';
    throw new UsageError('bad-keep', `${kind} ${says}, as in top1, labels=0.5 or boxes=0.75, not ${answer}`);
  }
  return { kind, least };
}

/** Whether rules look at objects. */
export function looksAtObjects(rules: readonly KeepRule[]): boolean {
  return rules.some(({ kind }) => kind === 'boxes' || kind === 'masks');
}

/**
 * The question whose answers tell whether rules are kept.
 *
 * @param minScore - Smallest score of an object that counts; that of the task unless given.
 */
export function keepQuestion(rules: readonly KeepRule[], minScore?: number): KeepQuestion {
  const has = (...kinds: KeepRule['kind'][]) => rules.some(({ kind }) => kinds.includes(kind));
  const tasks: Task[] = [];
  if (has('top1', 'top5', 'labels')) tasks.push('classify');
  if (has('masks')) tasks.push('segment');
  else if (has('boxes')) tasks.push('detect');
  // No more classes than this can have the probability that is asked for.
  const named = rules.map(({ kind, least }) => (kind === 'labels' ? Math.ceil(1 / least) : 5));
  return { tasks, top: Math.max(5, ...named), detect: { minScore } };
}

import { type ErrorCode, UsageError } from '../errors.js';
import type { AnalyzeOptions, Task } from './codec.js';

const TASKS: readonly Task[] = ['classify', 'detect', 'segment'];

/**
 * Checks what is asked about a picture, before anything is opened.
 *
 * @throws UsageError `no-tasks`, `bad-task`, `bad-top`, `bad-min-score`, `bad-max-detections`
 */
export function checkAnalysis({ tasks, top, minScore, detect = {} }: AnalyzeOptions): void {
  if (tasks.length === 0) throw new UsageError('no-tasks', `give at least one task of ${TASKS.join(', ')}`);
  for (const task of tasks) {
    if (!TASKS.includes(task)) {
      throw new UsageError('bad-task', `there is no task ${task}; tasks are ${TASKS.join(', ')}`);
    }
  }
  checkCount('bad-top', 'top', top);
  checkCount('bad-max-detections', 'maxDetections', detect.maxDetections);
  checkScore(minScore);
  checkScore(detect.minScore);
}

function checkCount(code: ErrorCode<'UsageError'>, name: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    throw new UsageError(code, `${name} must be an integer of at least 1, not ${count}`);
  }
}

function checkScore(score: number | undefined): void {
  if (score !== undefined && !(score >= 0 && score <= 1)) {
    throw new UsageError('bad-min-score', `minScore must be a number from 0 to 1, not ${score}`);
  }
}

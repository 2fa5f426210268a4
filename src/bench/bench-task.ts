import type { Task } from '../tasks/all-tasks.js';

/** Tasks whose answers can be right or wrong. */
export type BenchTask = Exclude<Task, 'embed'>;

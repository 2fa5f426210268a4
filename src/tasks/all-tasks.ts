import { UsageError } from '../errors.js';
import { classify } from './classify/classify.js';
import { embed } from './embed/embed.js';
import { detect, segment } from './objects/find-objects.js';
import type { TaskDefinition, TaskOptions } from './task.js';
import { vector } from './vector/vector.js';

/** Everything that can be asked about a picture, by the name of the task. */
const DEFINITIONS = { classify, detect, segment, embed, vector } as const satisfies Record<
  string,
  TaskDefinition
>;

/** What can be asked about a picture. */
export type Task = keyof typeof DEFINITIONS;

/** The names of all tasks. */
const allTasks = Object.keys(DEFINITIONS) as readonly Task[];

/**
 * The definitions of tasks; of one that is part of another only the other.
 *
 * @throws UsageError `no-tasks`, `bad-task`, and what the tasks say of their settings
 */
export function chooseTasks(tasks: readonly Task[], options: TaskOptions): TaskDefinition[] {
  if (!Array.isArray(tasks) || tasks.length === 0) {
    throw new UsageError('no-tasks', `give at least one task of ${allTasks.join(', ')}`);
  }
  const chosen = allTasks.filter((name) => tasks.includes(name)).map((name) => DEFINITIONS[name]);
  for (const task of tasks) {
    if (!Object.hasOwn(DEFINITIONS, task)) {
      throw new UsageError('bad-task', `there is no task ${task}; tasks are ${allTasks.join(', ')}`);
    }
  }
  for (const definition of Object.values(DEFINITIONS)) definition.checkOptions(options);
  const included = new Set(chosen.flatMap(({ includes }: TaskDefinition) => includes));
  return chosen.filter(({ name }) => !included.has(name));
}

import { UsageError } from '../../errors.js';
import type { Dataset } from './dataset.js';

/** A category that data set and model call by one name. */
interface Category {
  readonly id: number;
  readonly name: string;
}

/**
 * The categories to evaluate: those of the data set that the model knows, by name. Their numbers must agree too,
 * because answers are kept by number.
 *
 * @param wanted - Names to evaluate; all that both know unless given.
 * @throws UsageError `bad-dataset` when there is none, or when a name has another number in the model;
 *   `unknown-category` for a wanted name that data set and model do not both know, or where there are no categories.
 */
export function matchCategories(
  { name, categories }: Dataset,
  known: readonly Category[],
  onNote: ((note: string) => void) | undefined,
  wanted?: readonly string[],
): readonly Category[] {
  if (categories === undefined) {
    if (wanted === undefined) return [];
    throw new UsageError('unknown-category', `${name} has classes, of which none can be left out`);
  }
  const ids = new Map(known.map((one) => [one.name, one.id]));
  const common = categories.filter((one) => ids.has(one.name));
  if (common.length === 0)
    throw new UsageError('bad-dataset', `${name} has no category that the model knows`);
  const other = common.find((one) => ids.get(one.name) !== one.id);
  if (other !== undefined) {
    throw new UsageError(
      'bad-dataset',
      `${name} numbers ${other.name} as ${other.id}, the model as ${ids.get(other.name)}`,
    );
  }
  const foreign = categories.filter((one) => !ids.has(one.name)).map((one) => one.name);
  if (foreign.length > 0) onNote?.(`categories the model does not know are left out: ${foreign.join(', ')}`);
  if (wanted === undefined) return common;
  const names = common.map((one) => one.name);
  const unknown = wanted.find((one) => !names.includes(one));
  if (unknown !== undefined || wanted.length === 0) {
    const problem = unknown === undefined ? 'no category is named' : `no category ${unknown} in ${name}`;
    throw new UsageError('unknown-category', `${problem}; there are: ${names.join(', ')}`);
  }
  return common.filter((one) => wanted.includes(one.name));
}

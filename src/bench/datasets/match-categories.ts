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
 * @throws UsageError `bad-dataset` when there is none, or when a name has another number in the model.
 */
export function matchCategories(
  { name, categories }: Dataset,
  known: readonly Category[],
  onNote: ((note: string) => void) | undefined,
): readonly Category[] {
  if (categories === undefined) return [];
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
  return common;
}

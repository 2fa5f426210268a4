import { UsageError } from '../../errors.js';
import type { ObjectCategory } from '../../model/manifest.js';
import { nearName } from '../../near-name.js';
import { CATEGORY_LISTS } from './category-lists.js';
import { categoryKey } from './category-names.js';

/**
 * Finds the categories that are wanted among those of a model.
 *
 * @param categories - Of the model, in the order of its class logits.
 * @param wanted - Names, in the words of COCO or PASCAL VOC and in any case of letters; ids; or the list `coco` or `voc`, of
 *   which those count that the model knows.
 * @returns Their numbers in the order of the class logits.
 * @throws UsageError `unknown-category` for one that the model does not know, with the nearest name, and where none is named
 */
export function chooseCategories(
  categories: readonly ObjectCategory[],
  wanted: readonly (string | number)[],
): ReadonlySet<number> {
  const numbers = wanted.flatMap((one) => {
    const list = typeof one === 'string' ? CATEGORY_LISTS.get(one.toLowerCase()) : undefined;
    if (list !== undefined) return numbersOf(categories, list);
    const number = categories.findIndex(({ id, name }) =>
      typeof one === 'number' ? id === one : categoryKey(name) === categoryKey(one),
    );
    if (number < 0) throw unknownCategory(one, categories);
    return [number];
  });
  if (numbers.length === 0) throw unknownCategory(undefined, categories);
  return new Set(numbers);
}

function numbersOf(categories: readonly ObjectCategory[], names: readonly string[]): number[] {
  const keys = new Set(names.map(categoryKey));
  return categories.flatMap(({ name }, number) => (keys.has(categoryKey(name)) ? [number] : []));
}

function unknownCategory(
  wanted: string | number | undefined,
  categories: readonly ObjectCategory[],
): UsageError {
  const names = categories.map(({ name }) => name);
  const near = typeof wanted === 'string' ? nearName(wanted, names) : undefined;
  const hint =
    near === undefined ? `there are ${names.join(', ')}, and the lists coco and voc` : `${near} may be meant`;
  const problem =
    wanted === undefined
      ? 'no category of the model is named'
      : `the model knows no category ${JSON.stringify(wanted)}`;
  return new UsageError('unknown-category', `${problem}; ${hint}`);
}

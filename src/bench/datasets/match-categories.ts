import { UsageError } from '../../errors.js';
import { categoryKey } from '../../tasks/objects/category-names.js';
import type { Dataset, DatasetImage, ObjectTruth } from './dataset.js';

/** A category by its number and name. */
interface Category {
  readonly id: number;
  readonly name: string;
}

/** A data set in the numbers of a model. */
export interface MatchedDataset {
  readonly images: readonly DatasetImage[];
  /** The categories to evaluate: the model's numbers, the data set's names. */
  readonly categories: readonly Category[];
}

/**
 * Brings a data set to the categories that a model knows, whose words and numbers may be others: PASCAL VOC's and COCO's
 * words for a thing are one (`sofa`, `couch`). Objects of other categories are left out.
 *
 * @param wanted - Names to evaluate, in either's words; all that both know unless given.
 * @throws UsageError `bad-dataset` when they have none in common; `unknown-category` for a wanted name that data set and
 *   model do not both know, or where there are no categories.
 */
export function matchCategories(
  { name, images, categories }: Pick<Dataset, 'name' | 'images' | 'categories'>,
  known: readonly Category[],
  onNote: ((note: string) => void) | undefined,
  wanted?: readonly string[],
): MatchedDataset {
  if (categories === undefined) {
    if (wanted === undefined) return { images, categories: [] };
    throw new UsageError('unknown-category', `${name} has classes, of which none can be left out`);
  }
  const ids = new Map(known.map((one) => [categoryKey(one.name), one.id]));
  const idOf = new Map(categories.map((one) => [one.id, ids.get(categoryKey(one.name))]));
  const common = categories.flatMap((one) => {
    const id = idOf.get(one.id);
    return id === undefined ? [] : [{ id, name: one.name }];
  });
  if (common.length === 0)
    throw new UsageError('bad-dataset', `${name} has no category that the model knows`);
  const foreign = categories.filter((one) => idOf.get(one.id) === undefined).map((one) => one.name);
  if (foreign.length > 0) onNote?.(`categories the model does not know are left out: ${foreign.join(', ')}`);
  return {
    images: images.map((image) => inNumbersOf(image, idOf)),
    categories: wanted === undefined ? common : chosenOf(common, wanted, name),
  };
}

function chosenOf(common: readonly Category[], wanted: readonly string[], dataset: string): Category[] {
  const keys = common.map((one) => categoryKey(one.name));
  const unknown = wanted.find((one) => !keys.includes(categoryKey(one)));
  if (unknown !== undefined || wanted.length === 0) {
    const problem = unknown === undefined ? 'no category is named' : `no category ${unknown} in ${dataset}`;
    const names = common.map((one) => one.name).join(', ');
    throw new UsageError('unknown-category', `${problem}; there are: ${names}`);
  }
  const chosen = new Set(wanted.map(categoryKey));
  return common.filter((one) => chosen.has(categoryKey(one.name)));
}

/** An image whose objects have other numbers; those without one are left out. */
function inNumbersOf(image: DatasetImage, idOf: ReadonlyMap<number, number | undefined>): DatasetImage {
  const { objects } = image;
  if (objects === undefined) return image;
  const renumber = (truth: ObjectTruth['boxes']) =>
    truth.flatMap((one) => {
      const categoryId = idOf.get(one.categoryId);
      return categoryId === undefined ? [] : [{ ...one, categoryId }];
    });
  return {
    ...image,
    objects: async () => {
      const { boxes, masks } = await objects();
      return {
        boxes: renumber(boxes),
        ...(masks && { masks: { ...masks, truth: renumber(masks.truth) } }),
      };
    },
  };
}

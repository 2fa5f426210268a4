import { parse, sep } from 'node:path';
import { FormatError, UsageError } from '../errors.js';
import { type ReadOptions, readTextFile, UnreadableFile } from '../platform/node/regular-file.js';
import { categoryKey } from '../tasks/objects/category-names.js';
import { type Input, isPictureName } from './expand-inputs.js';
import { nameSome } from './format.js';
import { STANDARD } from './terminal.js';

/** An image of a data set. */
export interface CocoImage {
  readonly id: number;
  /** Size that the annotations state, in pixels: of the frame that they are in. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
}

/** Ids that results in COCO's form refer to. */
export interface CocoIds {
  /** Image of each input, by the input's path. */
  images: ReadonlyMap<string, CocoImage>;
  /** Paths of inputs that the data set does not have, where those are left out. */
  missing: readonly string[];
  /** Id of a category; `undefined` when the data set does not have it. */
  categoryOf(label: string, ownId: number): number | undefined;
}

/** Where ids come from. */
export interface CocoIdOptions extends Omit<ReadOptions, 'maxBytes'> {
  /** Annotations in COCO's layout, of which `images` and `categories` are read; names are ids unless given. */
  annotations?: string | undefined;
  /** What becomes of inputs that have no id: nothing is done at all, or they are left out. */
  missing: 'error' | 'skip';
}

/** What is read of an annotation file in COCO's layout. */
interface Annotations {
  images: readonly { id: number; file_name: string; width?: unknown; height?: unknown }[];
  categories?: readonly { id: number; name: string }[];
}

/**
 * Finds the image of every input before any work. Without annotations a file must be named by its id, as COCO's
 * are (000000397133.dicm is 397133); with them, files are found by name.
 *
 * @throws UsageError `coco-no-id`, `coco-ambiguous-name`, `coco-same-id`: results would belong to no image, or to
 *   the wrong one.
 * @throws FormatError `file-missing`, `bad-annotations`; LimitError
 */
export async function findCocoIds(
  inputs: readonly Input[],
  { annotations: path, missing: whatIfMissing, ...reading }: CocoIdOptions,
): Promise<CocoIds> {
  const annotations = path === undefined ? undefined : await readAnnotations(path, reading);
  const imageOf = annotations === undefined ? imageInName : imagesByName(annotations.images);
  const images = new Map<string, CocoImage>();
  const owners = new Map<number, string>();
  const missing: string[] = [];
  for (const input of inputs) {
    const image = imageOf(input);
    if (image === undefined) {
      missing.push(input.path);
      continue;
    }
    const owner = owners.get(image.id);
    if (owner !== undefined) {
      throw new UsageError('coco-same-id', `${owner} and ${input.path} are both image ${image.id}`);
    }
    owners.set(image.id, input.path);
    images.set(input.path, image);
  }
  // Where none is left the list is not that of these files.
  const isOver = whatIfMissing === 'error' || images.size === 0;
  if (missing.length > 0 && isOver) throw noIds(missing, inputs.length, path);
  return { images, missing, categoryOf: categoriesByName(annotations?.categories) };
}

function noIds(missing: readonly string[], count: number, path: string | undefined): UsageError {
  const problem =
    path === undefined
      ? 'have a name that is no image id, a number; --coco-images takes annotations that have the ids'
      : `have no image of their name in ${path}`;
  return new UsageError(
    'coco-no-id',
    `${missing.length} of ${count} inputs ${problem}, or --coco-missing skip leaves them out: ${nameSome(missing)}`,
  );
}

/** `000000397133.dicm`, or with the extension of its source `000000397133.jpg.dicm`. */
function imageInName({ path }: Input): CocoImage | undefined {
  const { name } = parse(path);
  const digits = isPictureName(name) ? parse(name).name : name;
  const id = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(id) ? { id } : undefined;
}

/**
 * Images are found by their path in the data set or, where it is the only one of that name, by their name; with the
 * extension of the source if the input kept it, without it otherwise. Letters with accents are the same whether they are
 * written as one character or as two, which differs between file systems.
 */
function imagesByName(images: Annotations['images']): (input: Input) => CocoImage | undefined {
  const indexes = [new Map(), new Map(), new Map(), new Map()] as const satisfies Map<string, CocoImage[]>[];
  for (const { id, file_name, width, height } of images) {
    const size = isExtent(width) && isExtent(height) ? { width, height } : undefined;
    keysOf(file_name.normalize('NFC')).forEach((key, i) => {
      const found: CocoImage[] | undefined = indexes[i]!.get(key);
      if (found === undefined) indexes[i]!.set(key, [{ id, size }]);
      else found.push({ id, size });
    });
  }
  return ({ path, relative }) => {
    if (path === STANDARD) return undefined;
    const { dir, name } = parse(relative);
    const folder = dir === '' ? '' : `${dir.split(sep).join('/')}/`;
    const places = [folder + name, name].map((key) => key.normalize('NFC'));
    for (const [i, index] of indexes.entries()) {
      const found: readonly CocoImage[] = index.get(places[i < 2 ? 0 : 1]!) ?? [];
      if (found.length === 1) return found[0];
      if (found.length > 1) {
        const ids = nameSome(found.map(({ id }) => String(id)));
        throw new UsageError(
          'coco-ambiguous-name',
          `${path} may be any of ${found.length} images that share a name: ${ids}`,
        );
      }
    }
    return undefined;
  };
}

/** What a file may be called to be an image, best first: its path and its name, with the extension and without. */
function keysOf(fileName: string): [string, string, string, string] {
  const { dir, name, base } = parse(fileName);
  const folder = dir === '' ? '' : `${dir}/`;
  return [folder + base, folder + name, base, name];
}

function isExtent(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function categoriesByName(categories: Annotations['categories']): CocoIds['categoryOf'] {
  if (categories === undefined) return (_, ownId) => ownId;
  const ids = new Map(categories.map(({ id, name }) => [categoryKey(name), id]));
  return (label) => ids.get(categoryKey(label));
}

async function readAnnotations(path: string, reading: ReadOptions): Promise<Annotations> {
  const text = await readTextFile(path, reading).catch((cause: unknown) => {
    if (!(cause instanceof UnreadableFile)) throw cause;
    if (cause.missing) throw new FormatError('file-missing', `${path}: no such file`, {}, { cause });
    throw new FormatError('bad-annotations', `${path} ${cause.message}`, {}, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new FormatError('bad-annotations', `${path} cannot be read: ${message}`, {}, { cause });
  }
  const { images, categories } = (value ?? {}) as { images?: unknown; categories?: unknown };
  if (!isListOf(images, 'file_name') || (categories !== undefined && !isListOf(categories, 'name'))) {
    throw new FormatError(
      'bad-annotations',
      `${path} is not in COCO's layout: it needs images with id and file_name, and categories with id and name`,
    );
  }
  return value as Annotations;
}

function isListOf(value: unknown, nameKey: string): boolean {
  return (
    Array.isArray(value) &&
    value.every((entry) => Number.isSafeInteger(entry?.id) && typeof entry[nameKey] === 'string')
  );
}

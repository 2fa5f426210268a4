import { readFile } from 'node:fs/promises';
import { parse, sep } from 'node:path';
import { FormatError, UsageError } from '../errors.js';
import type { Detection, SegmentedDetection } from '../index.js';
import type { Context } from './context.js';
import type { Input } from './expand-inputs.js';
import { STANDARD } from './terminal.js';
import { writeOutput } from './write-output.js';

/** Ids that results in COCO's form refer to. */
export interface CocoIds {
  /** Id of each input's image, by the input's path. */
  images: ReadonlyMap<string, number>;
  /** Id of a category; `undefined` when the data set does not have it. */
  categoryOf(label: string, ownId: number): number | undefined;
}

/** What is read of an annotation file in COCO's layout. */
interface Annotations {
  images: readonly { id: number; file_name: string }[];
  categories?: readonly { id: number; name: string }[];
}

/** Names of PASCAL VOC that COCO has other words for. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  aeroplane: 'airplane',
  motorbike: 'motorcycle',
  sofa: 'couch',
  tvmonitor: 'tv',
};

/**
 * Finds the image id of every input before any work. Without annotations a file must be named by its id, as COCO's
 * are (000000397133.dicm is 397133); with them, files are found by name.
 *
 * @param annotationFile - Annotations in COCO's layout, of which `images` and `categories` are read.
 * @throws UsageError `coco-no-id`, `coco-ambiguous-name`, `coco-same-id`: results would belong to no image, or to
 *   the wrong one.
 * @throws FormatError `file-missing`, `bad-annotations`
 */
export async function findCocoIds(
  inputs: readonly Input[],
  annotationFile: string | undefined,
): Promise<CocoIds> {
  const annotations = annotationFile === undefined ? undefined : await readAnnotations(annotationFile);
  const idOf = annotations === undefined ? idInName : idsByName(annotations.images);
  const images = new Map<string, number>();
  const owners = new Map<number, string>();
  for (const input of inputs) {
    const id = idOf(input);
    if (id === undefined) {
      const problem =
        annotationFile === undefined
          ? 'its name is no image id, a number; --coco-images takes annotations that have the ids'
          : `${annotationFile} has no image of that name`;
      throw new UsageError('coco-no-id', `${input.path}: ${problem}`);
    }
    const owner = owners.get(id);
    if (owner !== undefined) {
      throw new UsageError('coco-same-id', `${owner} and ${input.path} are both image ${id}`);
    }
    owners.set(id, input.path);
    images.set(input.path, id);
  }
  return { images, categoryOf: categoriesByName(annotations?.categories) };
}

/** Results of a batch in the form that COCO's evaluation reads. */
export class CocoResults {
  readonly #ids: CocoIds;
  readonly #entries: string[] = [];
  readonly #unknown = new Set<string>();
  #files = 0;

  constructor(ids: CocoIds) {
    this.#ids = ids;
  }

  /** Adds what was found in one input. */
  add(path: string, detections: readonly (Detection | SegmentedDetection)[]): void {
    this.#files++;
    for (const detection of detections) {
      const categoryId = this.#ids.categoryOf(detection.label, detection.categoryId);
      if (categoryId === undefined) {
        this.#unknown.add(detection.label);
        continue;
      }
      const { x, y, width, height } = detection.box;
      const entry = {
        image_id: this.#ids.images.get(path)!,
        category_id: categoryId,
        bbox: [x, y, width, height].map((value) => round(value, 3)),
        score: round(detection.score, 6),
        ...('mask' in detection ? { segmentation: detection.mask } : {}),
      };
      this.#entries.push(JSON.stringify(entry));
    }
  }

  /** Writes the file, unless no input could be analysed, and says what is not in it. @throws OutputError */
  async write(path: string, { reporter, signal }: Context, force: boolean): Promise<void> {
    if (this.#files === 0) return;
    const lines = this.#entries.map((entry) => `\n${entry}`).join(',');
    await writeOutput(path, Buffer.from(`[${lines}\n]\n`), { force, signal });
    reporter.say(`${this.#entries.length} results -> ${path}`);
    const total = this.#ids.images.size;
    if (this.#files < total)
      reporter.warn(`${path}: ${total - this.#files} of ${total} images are not in it`);
    if (this.#unknown.size > 0) {
      const labels = [...this.#unknown].sort().join(', ');
      reporter.warn(`${path}: the data set has no category ${labels}; such objects were left out`);
    }
  }
}

function idInName({ path }: Input): number | undefined {
  const { name } = parse(path);
  const id = Number(name);
  return /^\d+$/.test(name) && Number.isSafeInteger(id) ? id : undefined;
}

/** Images are found by their path in the data set or, where it is the only one of that name, by their name. */
function idsByName(images: Annotations['images']): (input: Input) => number | undefined {
  const byPath = new Map<string, number>();
  const byName = new Map<string, number[]>();
  for (const { id, file_name } of images) {
    const { dir, name } = parse(file_name);
    byPath.set(dir === '' ? name : `${dir}/${name}`, id);
    byName.set(name, [...(byName.get(name) ?? []), id]);
  }
  return ({ path, relative }) => {
    if (path === STANDARD) return undefined;
    const { dir, name } = parse(relative);
    const exact = byPath.get(dir === '' ? name : `${dir.split(sep).join('/')}/${name}`);
    const ids = byName.get(name) ?? [];
    if (exact === undefined && ids.length > 1) {
      throw new UsageError(
        'coco-ambiguous-name',
        `${path} may be image ${ids.join(' or ')}: they share a name`,
      );
    }
    return exact ?? ids[0];
  };
}

function categoriesByName(categories: Annotations['categories']): CocoIds['categoryOf'] {
  if (categories === undefined) return (_, ownId) => ownId;
  const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, '');
  const ids = new Map(categories.map(({ id, name }) => [plain(name), id]));
  return (label) => ids.get(plain(label)) ?? ids.get(OTHER_WORDS[plain(label)] ?? '');
}

async function readAnnotations(path: string): Promise<Annotations> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FormatError('file-missing', `${path}: no such file`, {}, { cause });
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

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

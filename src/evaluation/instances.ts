import { UsageError } from '../errors.js';
import { type RunLengthMask, readRuns, writeRuns } from '../tasks/objects/run-length-mask.js';
import type { EvaluatedBox } from './overlap.js';

/** A picture of a data set. */
export interface InstanceImage {
  readonly id: number;
  /** As the data set names it, relative to wherever its pictures lie. */
  readonly fileName: string;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Name of the picture's instance map, where it has one. */
  readonly instanceMap?: string | undefined;
}

/** How far an object's pixels in the instance map can be trusted; only exact ones are a mask. */
export type MaskQuality = 'exact' | 'ambiguous' | 'none';

/** An annotated object. */
export interface InstanceObject {
  readonly id: number;
  readonly imageId: number;
  readonly categoryId: number;
  readonly box: EvaluatedBox;
  readonly isCrowd: boolean;
  /** Value of the object's pixels in the instance map, 1 to 254. */
  readonly instance?: number | undefined;
  readonly maskQuality?: MaskQuality | undefined;
  /** The mask, where the annotation itself holds one as runs. */
  readonly segmentation?: RunLengthMask | undefined;
}

/** Name of a category. */
export interface InstanceCategory {
  readonly id: number;
  readonly name: string;
}

/** A data set of annotated pictures. */
export interface Instances {
  readonly images: readonly InstanceImage[];
  readonly categories: readonly InstanceCategory[];
  /** Objects of each picture by its id; pictures without objects have an empty list. */
  readonly objects: ReadonlyMap<number, readonly InstanceObject[]>;
}

type Fields = Record<string, unknown>;

/**
 * Reads annotations in COCO layout: `images`, `annotations`, `categories`. Beside COCO's own fields an image may name
 * its `instance_map`, and an annotation may have `instance`, the value of its pixels there, and `mask`, how far they can
 * be trusted. Unknown fields are skipped. A `segmentation` is read when it is run lengths, compressed or not; polygons
 * are refused, because which pixels they cover is a matter of the tool that draws them.
 *
 * @throws UsageError `bad-instances`; the message names the place.
 */
export function parseInstances(text: string): Instances {
  const root = fieldsOf(parseJson(text), 'the file');
  const images = listOf(root, 'images').map((value, i) => readImage(value, `images[${i}]`));
  const categories = listOf(root, 'categories').map((value, i) => readCategory(value, `categories[${i}]`));
  const annotations = listOf(root, 'annotations').map((value, i) => readObject(value, `annotations[${i}]`));
  const imageOf = byId(images, 'images');
  const categoryOf = byId(categories, 'categories');
  byId(annotations, 'annotations');
  const objects = new Map<number, InstanceObject[]>(images.map(({ id }) => [id, []]));
  annotations.forEach((object, i) => {
    const place = `annotations[${i}]`;
    const image = imageOf.get(object.imageId);
    if (image === undefined) throw bad(`${place}.image_id`, `is ${object.imageId}, which no image has`);
    if (!categoryOf.has(object.categoryId)) {
      throw bad(`${place}.category_id`, `is ${object.categoryId}, which no category has`);
    }
    const size = object.segmentation?.size;
    if (size !== undefined && (size[0] !== image.height || size[1] !== image.width)) {
      throw bad(
        `${place}.segmentation`,
        `has the size ${size.join('x')}, its image ${image.height}x${image.width}`,
      );
    }
    objects.get(object.imageId)!.push(object);
  });
  return { images, categories, objects };
}

function readImage(value: unknown, place: string): InstanceImage {
  const fields = fieldsOf(value, place);
  const instanceMap = fields.instance_map ?? undefined;
  if (instanceMap !== undefined && typeof instanceMap !== 'string') {
    throw bad(`${place}.instance_map`, 'is no name');
  }
  return {
    id: wholeOf(fields, 'id', place),
    fileName: nameOf(fields, 'file_name', place),
    width: wholeOf(fields, 'width', place, 1),
    height: wholeOf(fields, 'height', place, 1),
    instanceMap,
  };
}

function readCategory(value: unknown, place: string): InstanceCategory {
  const fields = fieldsOf(value, place);
  return { id: wholeOf(fields, 'id', place), name: nameOf(fields, 'name', place) };
}

function readObject(value: unknown, place: string): InstanceObject {
  const fields = fieldsOf(value, place);
  const { iscrowd = 0, mask, instance } = fields;
  if (iscrowd !== 0 && iscrowd !== 1) throw bad(`${place}.iscrowd`, 'is neither 0 nor 1');
  if (mask !== undefined && mask !== 'exact' && mask !== 'ambiguous' && mask !== 'none') {
    throw bad(`${place}.mask`, 'is none of exact, ambiguous, none');
  }
  if (typeof instance === 'number' && instance > 254) throw bad(`${place}.instance`, 'is above 254');
  return {
    id: wholeOf(fields, 'id', place),
    imageId: wholeOf(fields, 'image_id', place),
    categoryId: wholeOf(fields, 'category_id', place),
    box: readBox(fields.bbox, `${place}.bbox`),
    isCrowd: iscrowd === 1,
    instance: instance === undefined || instance === null ? undefined : wholeOf(fields, 'instance', place, 1),
    maskQuality: mask,
    segmentation: readSegmentation(fields.segmentation, `${place}.segmentation`),
  };
}

function readBox(value: unknown, place: string): EvaluatedBox {
  if (!Array.isArray(value) || value.length !== 4 || !value.every((entry) => Number.isFinite(entry))) {
    throw bad(place, 'is not four numbers [x, y, width, height]');
  }
  const [x, y, width, height] = value as [number, number, number, number];
  if (width < 0 || height < 0) throw bad(place, `has the size ${width}x${height}`);
  return { x, y, width, height };
}

function readSegmentation(value: unknown, place: string): RunLengthMask | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    throw bad(place, 'is a list of polygons; write it as run lengths (annToRLE of pycocotools does)');
  }
  const { size, counts } = fieldsOf(value, place);
  if (!Array.isArray(size) || size.length !== 2) throw bad(`${place}.size`, 'is not [height, width]');
  const [height, width] = size as [number, number];
  try {
    if (Array.isArray(counts)) return writeRuns(counts as number[], height, width);
    if (typeof counts !== 'string') throw bad(`${place}.counts`, 'is neither text nor a list');
    readRuns({ size: [height, width], counts });
    return { size: [height, width], counts };
  } catch (error) {
    if (error instanceof UsageError && error.code === 'bad-mask') throw bad(place, error.message);
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError('bad-instances', `the annotations are not JSON: ${(error as Error).message}`);
  }
}

function byId<T extends { readonly id: number }>(entries: readonly T[], name: string): Map<number, T> {
  const known = new Map<number, T>();
  entries.forEach((entry, i) => {
    if (known.has(entry.id)) throw bad(`${name}[${i}].id`, `is ${entry.id}, which another one has`);
    known.set(entry.id, entry);
  });
  return known;
}

function fieldsOf(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(place, 'is no object');
  return value as Fields;
}

function listOf(fields: Fields, name: string): unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw bad(name, 'is no list');
  return value;
}

function wholeOf(fields: Fields, name: string, place: string, least = Number.MIN_SAFE_INTEGER): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value)) throw bad(`${place}.${name}`, 'is no whole number');
  if ((value as number) < least) throw bad(`${place}.${name}`, `is ${String(value)}, below ${least}`);
  return value as number;
}

function nameOf(fields: Fields, name: string, place: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw bad(`${place}.${name}`, 'is no name');
  return value;
}

function bad(place: string, problem: string): UsageError {
  return new UsageError('bad-instances', `bad annotations: ${place} ${problem}`);
}

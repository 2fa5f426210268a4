import { basename, dirname } from 'node:path';
import { ImageError } from '../../errors.js';
import { type InstanceImage, type Instances, parseInstances } from '../../evaluation/instances.js';
import { boxTruth, maskTruth } from '../../evaluation/truth.js';
import { loadGreyMap } from '../../platform/node/pictures/load-grey-map.js';
import { type ReadOptions, readTextFile } from '../../platform/node/regular-file.js';
import type { LeftOutImage } from '../report.js';
import type { Dataset, DatasetImage, ObjectTruth } from './dataset.js';
import { FileFinder } from './find-file.js';

/**
 * Reads instances in COCO's layout. Paths of images and instance maps are relative to the JSON file.
 *
 * @param withMasks - Whether masks are wanted too, for segmentation.
 * @throws UsageError `bad-instances` where the file is not such a thing; what `readTextFile` throws
 */
export async function readAnnotatedImages(
  path: string,
  withMasks: boolean,
  options: ReadOptions = {},
): Promise<Dataset> {
  const instances = parseInstances(await readTextFile(path, options));
  const files = new FileFinder(dirname(path));
  const images: DatasetImage[] = [];
  const leftOut: LeftOutImage[] = [];
  for (const image of instances.images) {
    const file = await files.find(image.fileName);
    if (file === undefined) {
      leftOut.push({ image: image.fileName, code: 'missing', message: 'no such file' });
      continue;
    }
    const objects = () => readObjects(instances, image, files, withMasks);
    const { width, height } = image;
    images.push({ name: image.fileName, path: file, size: { width, height }, objects });
  }
  return { name: basename(path), images, leftOut, categories: instances.categories };
}

async function readObjects(
  { objects }: Instances,
  image: InstanceImage,
  files: FileFinder,
  withMasks: boolean,
): Promise<ObjectTruth> {
  const own = objects.get(image.id) ?? [];
  const boxes = boxTruth(own);
  if (!withMasks) return { boxes };
  const map = image.instanceMap === undefined ? undefined : await loadMap(files, image.instanceMap);
  return { boxes, masks: maskTruth(own, image, map) };
}

async function loadMap(files: FileFinder, name: string) {
  const path = await files.find(name);
  if (path === undefined) throw new ImageError('file-missing', `${files.literally(name)}: no such file`);
  return loadGreyMap(path);
}

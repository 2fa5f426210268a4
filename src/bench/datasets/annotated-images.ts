import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type InstanceImage, type Instances, parseInstances } from '../../evaluation/instances.js';
import { boxTruth, maskTruth } from '../../evaluation/truth.js';
import { loadGreyMap } from '../../platform/node/pictures/load-grey-map.js';
import type { LeftOutImage } from '../report.js';
import type { Dataset, DatasetImage, ObjectTruth } from './dataset.js';

/**
 * Reads instances in COCO's layout. Paths of images and instance maps are relative to the JSON file.
 *
 * @param withMasks - Whether masks are wanted too, for segmentation.
 * @throws UsageError `bad-instances` where the file is not such a thing.
 */
export async function readAnnotatedImages(path: string, withMasks: boolean): Promise<Dataset> {
  const instances = parseInstances(await readFile(path, 'utf8'));
  const folder = dirname(path);
  const images: DatasetImage[] = [];
  const leftOut: LeftOutImage[] = [];
  for (const image of instances.images) {
    const file = resolve(folder, image.fileName);
    const status = await stat(file).catch(() => undefined);
    if (status?.isFile() !== true) {
      leftOut.push({ image: image.fileName, code: 'missing', message: 'no such file' });
      continue;
    }
    const objects = () => readObjects(instances, image, folder, withMasks);
    const { width, height } = image;
    images.push({ name: image.fileName, path: file, size: { width, height }, objects });
  }
  return { name: basename(path), images, leftOut, categories: instances.categories };
}

async function readObjects(
  { objects }: Instances,
  image: InstanceImage,
  folder: string,
  withMasks: boolean,
): Promise<ObjectTruth> {
  const own = objects.get(image.id) ?? [];
  const boxes = boxTruth(own);
  if (!withMasks) return { boxes };
  const map =
    image.instanceMap === undefined ? undefined : await loadGreyMap(resolve(folder, image.instanceMap));
  return { boxes, masks: maskTruth(own, image, map) };
}

import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import type { LeftOutImage } from '../report.js';
import type { Dataset, DatasetImage } from './dataset.js';

/**
 * Pictures without labels as a data set; one that is named twice counts once.
 *
 * @param name - What to call them.
 * @throws UsageError `empty-dataset`
 */
export function listPictures(paths: readonly string[], name = 'pictures'): Dataset {
  const images = new Map<string, DatasetImage>();
  const leftOut: LeftOutImage[] = [];
  for (const path of paths) {
    const place = resolve(path);
    if (images.has(place)) leftOut.push({ image: path, code: 'duplicate', message: 'listed before' });
    else images.set(place, { name: path, path });
  }
  if (images.size === 0)
    throw new UsageError('empty-dataset', 'there is no picture to measure; name at least one');
  return { name, images: [...images.values()], leftOut };
}

import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UsageError } from '../../errors.js';
import { type ReadOptions, UnreadableFile } from '../../platform/node/regular-file.js';
import type { BenchTask } from '../report.js';
import { readAnnotatedImages } from './annotated-images.js';
import type { Dataset } from './dataset.js';
import { type ClassIndexes, readClassFolder, readClassList } from './labelled-images.js';

/**
 * Reads a data set: for classification a folder of folders named after classes, or a `path,wnid` list; for the other
 * tasks instances in COCO's layout.
 *
 * @throws UsageError `bad-dataset` when it is missing, cannot be read or is of another kind, `empty-dataset` when no image is labelled.
 */
export async function readDataset(
  path: string,
  task: BenchTask,
  classes: ClassIndexes,
  options: ReadOptions = {},
): Promise<Dataset> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new UsageError('bad-dataset', `${path}: no such file or folder`);
  const extension = extname(path).toLowerCase();
  const read = async () => {
    const isFolder = status.isDirectory();
    if (task === 'classify') {
      if (isFolder) return readClassFolder(path, classes);
      if (extension === '.csv') return readClassList(path, classes, options);
      throw wrongKind(path, task, 'a folder of folders named after classes, or a .csv of path,wnid');
    }
    if (!isFolder && extension === '.json') return readAnnotatedImages(path, task === 'segment', options);
    throw wrongKind(path, task, "a .json of instances in COCO's layout");
  };
  const dataset = await read().catch((error: unknown) => {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new UsageError('bad-dataset', `${path} ${error.message}`, { cause: error });
  });
  if (dataset.images.length === 0) {
    const first = dataset.leftOut[0];
    const why = first === undefined ? '' : `; ${first.image}: ${first.message}`;
    throw new UsageError('empty-dataset', `${path} has no image that can be used${why}`);
  }
  return dataset;
}

function wrongKind(path: string, task: BenchTask, wanted: string): UsageError {
  return new UsageError('bad-dataset', `${task} needs ${wanted}, not ${path}`);
}

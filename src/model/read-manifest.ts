import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../errors.js';
import { type ModelManifest, parseManifest } from './manifest.js';

/**
 * Reads the manifest of a model folder.
 *
 * @throws ModelError `model-missing` when there is none, `bad-manifest`
 */
export async function readManifest(folder: string): Promise<ModelManifest> {
  const path = join(folder, 'manifest.json');
  return parseManifest((await readModelFile(path)).toString('utf8'), path);
}

/**
 * Reads a file of a model.
 *
 * @throws ModelError `model-missing`
 */
export async function readModelFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
    throw new ModelError('model-missing', `${path} ${reason}`, { cause });
  }
}

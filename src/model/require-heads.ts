import { ModelError } from '../errors.js';
import type { Model } from './load-model.js';
import type { DetectionHeads } from './manifest.js';

/**
 * The detection heads of a model.
 *
 * @throws ModelError `no-heads` for a model that only classifies
 */
export function requireHeads({ manifest }: Pick<Model, 'manifest'>): DetectionHeads {
  const { name, version, detection } = manifest;
  if (detection === undefined) {
    throw new ModelError(
      'no-heads',
      `model ${name} ${version} has no detection heads; detect and segment need a model with them, ` +
        'and a newer one of the same decode id reads the same files',
    );
  }
  return detection;
}

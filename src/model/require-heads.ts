import { ModelError } from '../errors.js';
import type { Model } from './load-model.js';
import type { DetectionHeads } from './manifest.js';

/**
 * The detection heads of a model.
 *
 * @throws ModelError `no-heads` for a model that only classifies; `bad-tensor` for heads that do not fit the manifest.
 */
export function requireHeads({ manifest, tensors }: Pick<Model, 'manifest' | 'tensors'>): DetectionHeads {
  const { name, version, detection } = manifest;
  const classes = tensors.get('heads.level2.classes.weight');
  if (detection === undefined || classes === undefined) {
    throw new ModelError(
      'no-heads',
      `model ${name} ${version} has no detection heads; detect and segment need a model with them, ` +
        'and a newer one of the same decode id reads the same files',
    );
  }
  const { categories, maskChannels } = detection;
  check(name, 'heads.level2.classes', classes.shape[0], categories.length, 'categories');
  const up = tensors.get('heads.mask.up.weight')?.shape[0];
  check(name, 'heads.mask.up', up, 4 * maskChannels, 'mask channels, four places each');
  return detection;
}

function check(model: string, layer: string, found: number | undefined, wanted: number, what: string): void {
  if (found === wanted) return;
  throw new ModelError(
    'bad-tensor',
    `model ${model}: ${layer} gives ${found ?? 0} channels, its manifest has ${wanted} ${what}`,
  );
}

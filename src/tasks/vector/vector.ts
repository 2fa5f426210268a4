import { ModelError } from '../../errors.js';
import { type ModelManifest, shortRenderId } from '../../model/manifest.js';
import { checkFinite } from '../checks.js';
import { MeanOverTiles } from '../mean-over-tiles.js';
import type { TaskDefinition } from '../task.js';
import { projectFeatures } from './project-features.js';

/**
 * The space of a model's search vectors.
 *
 * @throws ModelError `no-projection` where the model has none
 */
export function vectorSpaceOf({ name, version, renderId, search }: ModelManifest): string {
  if (search === undefined) {
    throw new ModelError(
      'no-projection',
      `${name} ${version} has no projection, by which pictures are compared; install a newer release of it`,
    );
  }
  return `${shortRenderId(renderId)}-${search.sha256.slice(0, 8)}`;
}

/** A picture as a short vector, for an index: layer4 of the tail, pooled over all tiles, projected. */
export const vector: TaskDefinition = {
  name: 'vector',
  parts: ['embedding'],
  reads: ['search'],
  area: 'tile',
  includes: [],
  checkOptions() {},
  open({ manifest, tensors }) {
    const space = vectorSpaceOf(manifest);
    const mean = new MeanOverTiles();
    return {
      add({ maps, weight }) {
        checkFinite([maps.embedding!], 'bad-embedding', 'tail');
        mean.add(maps.embedding!, weight);
      },
      finish: () => ({ vector: { values: projectFeatures(mean.finish(), tensors), space } }),
    };
  },
};

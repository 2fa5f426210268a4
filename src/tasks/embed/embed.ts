import { checkFinite } from '../checks.js';
import { MeanOverTiles } from '../mean-over-tiles.js';
import type { TaskDefinition } from '../task.js';

/**
 * A picture as a vector: layer4 of the tail, pooled over all tiles. It is what the classifier's last layer reads, for
 * classifiers and searches of one's own.
 */
export const embed: TaskDefinition = {
  name: 'embed',
  parts: ['embedding'],
  area: 'tile',
  includes: [],
  checkOptions() {},
  open() {
    const mean = new MeanOverTiles();
    return {
      add({ maps, weight }) {
        checkFinite([maps.embedding!], 'bad-embedding', 'tail');
        mean.add(maps.embedding!, weight);
      },
      finish: () => ({ embedding: mean.finish() }),
    };
  },
};

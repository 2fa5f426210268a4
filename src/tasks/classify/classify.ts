import { checkCount, checkFinite, checkScore } from '../checks.js';
import { MeanOverTiles } from '../mean-over-tiles.js';
import type { TaskDefinition } from '../task.js';
import { topPredictions } from './top-predictions.js';

/**
 * What a picture shows, of the classes the model knows: the mean of its tiles' logits. Because the last layer is linear,
 * that is the last layer applied to the weighted mean of the tiles' pooled features.
 */
export const classify: TaskDefinition = {
  name: 'classify',
  parts: ['logits'],
  area: 'tile',
  includes: [],
  checkOptions({ top, minScore }) {
    checkCount('bad-top', 'top', top);
    checkScore(minScore);
  },
  open({ classes }, _scale, { top, minScore }) {
    const mean = new MeanOverTiles();
    return {
      add({ maps, weight }) {
        checkFinite([maps.logits!], 'bad-logits', 'classifier');
        mean.add(maps.logits!, weight);
      },
      finish: () => ({ predictions: topPredictions(mean.finish(), classes, { top, minScore }) }),
    };
  },
};

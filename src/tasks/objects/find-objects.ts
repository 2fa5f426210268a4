import { requireHeads } from '../../model/require-heads.js';
import { levelMaps } from '../../networks/task-network.js';
import type { FeatureMap } from '../../nn/backend.js';
import { checkCount, checkFinite, checkNames, checkScore } from '../checks.js';
import type { TaskDefinition } from '../task.js';
import { chooseCategories } from './choose-categories.js';
import { collectObjects } from './collect-objects.js';
import { describeObjects } from './describe-objects.js';

/** Smallest score of an object that is reported, unless the caller gives one: a reader wants few wrong ones. */
const DEFAULT_MIN_SCORE = 0.3;
/** As many as COCO's metrics look at. */
const DEFAULT_MAX_DETECTIONS = 100;

/** The objects in a picture: categories and boxes. */
export const detect = findObjects('detect', ['boxes'], []);

/** The objects in a picture and the pixels they cover. */
export const segment = findObjects('segment', ['boxes', 'masks'], ['detect']);

function findObjects(
  name: string,
  parts: TaskDefinition['parts'],
  includes: TaskDefinition['includes'],
): TaskDefinition {
  return {
    ...{ name, parts, includes },
    area: 'window',
    checkOptions({ detect: { minScore, maxDetections, categories } = {} }) {
      checkCount('bad-max-detections', 'maxDetections', maxDetections);
      checkScore(minScore);
      checkNames(categories);
    },
    open(model, scale, { detect: settings = {} }) {
      const { categories } = requireHeads(model);
      const collector = collectObjects({
        minScore: settings.minScore ?? DEFAULT_MIN_SCORE,
        maxDetections: settings.maxDetections ?? DEFAULT_MAX_DETECTIONS,
        categories: settings.categories && chooseCategories(categories, settings.categories),
      });
      return {
        add({ maps, ...window }) {
          const levels = levelMaps(maps);
          const mask = parts.includes('masks') ? maps.mask : undefined;
          const outputs: (FeatureMap | undefined)[] = levels.flatMap((level) => [
            level.classes,
            level.distances,
            level.controller,
          ]);
          checkFinite(
            [...outputs, mask].filter((map) => map !== undefined),
            'bad-detections',
            'detector',
          );
          collector.add({ ...window, levels, mask });
        },
        finish: () => ({ detections: describeObjects(collector.finish(), categories, scale) }),
      };
    },
  };
}

import type { LevelMaps } from '../../networks/task-network.js';
import type { Box } from './box.js';

/** A box that the detector proposes, before overlapping ones are sorted out. */
export interface BoxCandidate {
  /** Number of the category, in the order of the class logits. */
  readonly category: number;
  /** Probability of the category, 0 to 1. */
  readonly score: number;
  /** In pixels of what the network saw, clipped to it. */
  readonly box: Box;
  /** Centre of the position that proposes it, in pixels. */
  readonly centreX: number;
  readonly centreY: number;
  /** Number of its level, and of its position there in raster order. */
  readonly level: number;
  readonly position: number;
}

/** Which boxes to take. */
export interface CandidateOptions {
  /** Smallest score, 0 to 1. */
  readonly minScore: number;
  /** Numbers of the categories that count, in the order of the class logits; all unless given. */
  readonly categories?: ReadonlySet<number> | undefined;
  /** How many at most: the best. */
  readonly limit: number;
}

/** Distances end here, at 403 strides: a larger logarithm comes from damage, and must not overflow. */
const LARGEST_LOG_DISTANCE = 6;
/** The score is 1 in double precision from here on. */
const CERTAIN_LOGIT = 36;

/**
 * Decodes the detector's outputs: every position proposes a box for every category that reaches the smallest score.
 * A position at (ix, iy) lies at ((ix + 0.5) stride, (iy + 0.5) stride); its edges are stride * exp(distance) away.
 * Boxes without area inside the picture are dropped.
 *
 * @param levels - Finest first.
 * @param extent - Size of what the network saw without its padding, in pixels.
 * @returns Best first; equal scores by level, then position in raster order, then category.
 */
export function boxCandidates(
  levels: readonly LevelMaps[],
  extent: { readonly width: number; readonly height: number },
  options: CandidateOptions,
): BoxCandidate[] {
  const candidates: BoxCandidate[] = [];
  for (const { level, index, score } of bestScores(levels, options)) {
    const { stride, classes, distances } = levels[level]!;
    const position = Math.floor(index / classes.channels);
    const centreX = ((position % classes.width) + 0.5) * stride;
    const centreY = (Math.floor(position / classes.width) + 0.5) * stride;
    const edge = (side: number) =>
      stride * Math.exp(Math.min(distances.data[4 * position + side]!, LARGEST_LOG_DISTANCE));
    const box = {
      left: Math.max(0, centreX - edge(0)),
      top: Math.max(0, centreY - edge(1)),
      right: Math.min(extent.width, centreX + edge(2)),
      bottom: Math.min(extent.height, centreY + edge(3)),
    };
    if (box.right <= box.left || box.bottom <= box.top) continue;
    candidates.push({ category: index % classes.channels, score, box, centreX, centreY, level, position });
  }
  return candidates;
}

interface ScorePlace {
  level: number;
  /** In the class logits of its level. */
  index: number;
  score: number;
}

/** The best scores in their order. Objects are made for those only, however many reach the smallest score. */
function bestScores(
  levels: readonly LevelMaps[],
  { minScore, categories, limit }: CandidateOptions,
): ScorePlace[] {
  // Comparing logits first saves an exponential for each of them; the margin covers its rounding.
  const leastLogit = Math.min(Math.log(minScore / (1 - minScore)) - 1e-6, CERTAIN_LOGIT);
  const reaches = (logit: number, index: number, channels: number) =>
    logit >= leastLogit &&
    sigmoid(logit) >= minScore &&
    (categories === undefined || categories.has(index % channels));
  let count = 0;
  for (const { classes } of levels) {
    const { data, channels } = classes;
    for (let index = 0; index < data.length; index++) if (reaches(data[index]!, index, channels)) count++;
  }

  let lowest = -Infinity;
  let placesForLowest = Infinity;
  if (count > limit) {
    const passing = new Float32Array(count);
    let filled = 0;
    for (const { classes } of levels) {
      const { data, channels } = classes;
      for (let index = 0; index < data.length; index++) {
        if (reaches(data[index]!, index, channels)) passing[filled++] = data[index]!;
      }
    }
    passing.sort();
    lowest = passing[count - limit]!;
    placesForLowest = passing.subarray(count - limit).lastIndexOf(lowest) + 1;
  }
  const places: ScorePlace[] = [];
  for (const [level, { classes }] of levels.entries()) {
    for (const [index, logit] of classes.data.entries()) {
      if (logit < lowest || !reaches(logit, index, classes.channels)) continue;
      if (logit === lowest && placesForLowest-- <= 0) continue;
      places.push({ level, index, score: sigmoid(logit) });
    }
  }
  // The sort is stable, and they were collected in the order that decides between equal scores.
  return places.sort((a, b) => b.score - a.score);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

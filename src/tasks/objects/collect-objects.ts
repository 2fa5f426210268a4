import { ModelError } from '../../errors.js';
import type { LevelMaps } from '../../networks/task-network.js';
import type { FeatureMap } from '../../nn/backend.js';
import type { Box } from './box.js';
import { type BoxCandidate, boxCandidates } from './box-candidates.js';
import { evaluateMask, type MaskGrid, maskParameterCount } from './dynamic-mask.js';
import { suppressOverlaps } from './suppress-overlaps.js';

/** Which objects to report. */
export interface ObjectOptions {
  /** Smallest score, 0 to 1. */
  readonly minScore: number;
  /** How many at most: the best. */
  readonly maxDetections: number;
  /** Numbers of the categories that count, in the order of the class logits; all unless given. */
  readonly categories?: ReadonlySet<number> | undefined;
}

/** Outputs of the heads for one window of a picture: a small picture has one, which is all of it. */
export interface DetectedWindow {
  /** Strides 8, 16, 32. */
  readonly levels: readonly LevelMaps[];
  /** Mask features [h, w, mask channels] at stride 4, where masks are wanted. */
  readonly mask?: FeatureMap | undefined;
  /** Left and top edge in the picture and size without padding, in coded pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Whether a box of this window, in pixels of the picture, is cut by its edge and whole in another window. */
  isCut(box: Box): boolean;
}

/** An object, in coded pixels of the whole picture. */
export interface FoundObject {
  /** Number of the category, in the order of the class logits. */
  readonly category: number;
  readonly score: number;
  readonly box: Box;
  /** Present when the heads gave masks. */
  readonly mask?: MaskGrid;
}

/** Collects the objects of a picture window by window. */
export interface ObjectCollector {
  /** Takes the windows in raster order. */
  add(window: DetectedWindow): void;
  /** The objects, best first; of equal scores the earlier window's, then level, position, category. */
  finish(): FoundObject[];
}

/** Boxes of one window, and of all windows together, that are considered at all. */
const CONSIDERED = 1000;

/**
 * Opens a collector. What it holds is bounded however large the picture is: the best {@link CONSIDERED} objects and
 * their masks, which lie in their boxes at stride 4.
 */
export function collectObjects({ minScore, maxDetections, categories }: ObjectOptions): ObjectCollector {
  let found: FoundObject[] = [];
  return {
    add(window) {
      const { levels, mask } = window;
      const candidates = boxCandidates(levels, window, { minScore, categories, limit: CONSIDERED });
      for (const candidate of suppressOverlaps(candidates, maxDetections)) {
        const box = {
          left: candidate.box.left + window.x,
          top: candidate.box.top + window.y,
          right: candidate.box.right + window.x,
          bottom: candidate.box.bottom + window.y,
        };
        // After suppression, so that a cut object still silences the worse boxes around it.
        if (window.isCut(box)) continue;
        const { category, score } = candidate;
        found.push({
          category,
          score,
          box,
          ...(mask === undefined ? {} : { mask: maskOf(candidate, window, mask) }),
        });
      }
      found = found.sort((a, b) => b.score - a.score).slice(0, CONSIDERED);
    },
    finish: () => suppressOverlaps(found, maxDetections),
  };
}

function maskOf(candidate: BoxCandidate, window: DetectedWindow, features: FeatureMap): MaskGrid {
  const { stride, controller } = window.levels[candidate.level]!;
  const wanted = maskParameterCount(features.channels);
  if (controller?.channels !== wanted) {
    throw new ModelError(
      'bad-tensor',
      `the model's controller gives ${controller?.channels ?? 0} numbers for ${features.channels} mask channels; ` +
        `it must give ${wanted}`,
    );
  }
  const from = candidate.position * controller.channels;
  const parameters = controller.data.subarray(from, from + controller.channels);
  const grid = evaluateMask(features, parameters, { ...candidate, stride });
  return { ...grid, x: grid.x + window.x, y: grid.y + window.y };
}

/** Name of one class a classifier knows. */
export interface ClassLabel {
  readonly index: number;
  /** WordNet identifier, for example `n02123045`. */
  readonly wnid: string;
  readonly label: string;
}

/** One answer of a classifier. */
export interface Prediction {
  /** Number of the class, from 0. */
  index: number;
  /** WordNet identifier, for example `n02123045`. */
  wnid: string;
  label: string;
  /** Probability, 0 to 1; those of all classes sum to 1. */
  score: number;
}

/** Which answers to keep. */
export interface PredictionOptions {
  /** How many at most; 5 unless given. */
  top?: number | undefined;
  /** Smallest score; 0 unless given. */
  minScore?: number | undefined;
}

/**
 * Turns a classifier's logits into its best answers, best first; equal scores in the order of the classes.
 *
 * @param logits - [classes], not normalised.
 * @param classes - In the order of the logits.
 */
export function topPredictions(
  logits: Float32Array,
  classes: readonly ClassLabel[],
  options: PredictionOptions = {},
): Prediction[] {
  const { top = 5, minScore = 0 } = options;
  const scores = softmax(logits);
  // Numbers sort by themselves many times faster than classes do by a comparison: only the best are compared.
  const least = scores.toSorted()[Math.max(0, scores.length - top)]!;
  const predictions: Prediction[] = [];
  for (const [at, score] of scores.entries()) {
    if (score < least || !(score >= minScore)) continue;
    const { index, wnid, label } = classes[at]!;
    predictions.push({ index, wnid, label, score });
  }
  // Stable: equal scores stay in the order of the classes.
  return predictions.sort((a, b) => b.score - a.score).slice(0, top);
}

function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  // Shifted so that the largest exponential is 1: none overflows.
  const scores = new Float64Array(logits.length);
  for (let i = 0; i < scores.length; i++) scores[i] = Math.exp(logits[i]! - largest);
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.map((score) => score / sum);
}

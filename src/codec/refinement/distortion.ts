import { type DistortionWeights, LEVELS } from '../../networks/machine/refinement.js';
import type { FeatureMap, Named } from '../../nn/backend.js';

/**
 * What one unit of distortion is: layers 2 : 1 : 1, because boxes and masks are found by layer 2, and as much as a whole
 * layer's error for ten nats of the logits' divergence, which a small file reaches a third of. The detector's share is that of
 * its object's own positions, and small: layer 2 has most of what it sees.
 */
export const defaultWeights: DistortionWeights = {
  layers: { 2: 0.5, 3: 0.25, 4: 0.25 },
  logits: 0.1,
  classes: 0.02,
  boxes: 0.02,
};

/** Smallest score of a position that counts as one of an object. */
const OBJECT_SCORE = 0.05;

/** What refined latents are to come close to: inputs of the gradient network, and the sums its outputs are divided by. */
export interface DistortionTarget {
  readonly inputs: Named<FeatureMap>;
  /** Entropy of the target's class probabilities, in nats. */
  readonly entropy: number;
  /** Scores of all positions of objects, at least 1. */
  readonly objects: number;
  readonly detects: boolean;
}

/** Makes a target of what the uncompressed network says. */
export function distortionTarget(said: Named<FeatureMap>, detects: boolean): DistortionTarget {
  const probabilities = softmax(said.logits!);
  const inputs: Record<string, FeatureMap> = { probabilities };
  const shareOf = ({ channels }: FeatureMap, value: number): FeatureMap => {
    return { height: 1, width: 1, channels, data: new Float32Array(channels).fill(value) };
  };
  let objects = 0;
  for (const level of LEVELS) {
    const layer = said[`layer${level}`]!;
    inputs[`layer${level}`] = layer;
    inputs[`share${level}`] = shareOf(layer, positionsOf(layer) / Math.max(energyOf(layer), 1e-9));
    if (!detects) continue;
    const classes = mapped(said[`classes${level}`]!, sigmoid);
    const distances = said[`distances${level}`]!;
    const boxWeights = { ...distances, data: objectScores(classes, distances.channels) };
    for (const score of boxWeights.data) objects += score / distances.channels;
    Object.assign(inputs, {
      [`probabilities${level}`]: classes,
      [`edges${level}`]: distances,
      [`boxWeights${level}`]: boxWeights,
    });
  }
  objects = Math.max(objects, 1);
  if (detects) {
    for (const level of LEVELS) {
      const classes = inputs[`probabilities${level}`]!;
      inputs[`classShare${level}`] = shareOf(classes, positionsOf(classes) / objects);
      inputs[`boxWeights${level}`] = mapped(inputs[`boxWeights${level}`]!, (score) => score / objects);
    }
  }
  return {
    inputs,
    entropy: -sumOf(probabilities.data, (p) => p * Math.log(Math.max(p, 1e-30))),
    objects,
    detects,
  };
}

/**
 * How far what the gradient network says is from a target: the sum of the relative errors of the layers, the divergence of
 * the class probabilities (nats), and of each object's positions the divergence of its classes (nats) and the square
 * error of the logarithms of its edges' distances; each times its weight. 0 for the target itself.
 */
export function distortionOf(
  said: Named<FeatureMap>,
  { inputs, entropy, objects, detects }: DistortionTarget,
  weights: DistortionWeights,
): number {
  let sum = weights.logits * (crossEntropy(said.logits!, inputs.probabilities!) - entropy);
  for (const level of LEVELS) {
    const share = inputs[`share${level}`]!.data[0]!;
    sum += weights.layers[level] * sumOf(said[`error${level}`]!.data, (value) => value) * share;
    if (!detects) continue;
    const [classes, target] = [said[`classes${level}`]!, inputs[`probabilities${level}`]!];
    sum += (weights.classes * sumOf(classes.data, (c, i) => binaryDivergence(c, target.data[i]!))) / objects;
    const [distances, near] = [said[`distances${level}`]!, inputs[`edges${level}`]!];
    const counted = inputs[`boxWeights${level}`]!;
    sum += weights.boxes * sumOf(distances.data, (d, i) => counted.data[i]! * (d - near.data[i]!) ** 2);
  }
  return sum;
}

/** Best score of each position, where it is that of an object, once for every edge of a box. */
function objectScores({ data, channels }: FeatureMap, edges: number): Float32Array {
  const scores = new Float32Array((data.length / channels) * edges);
  for (let position = 0; position * channels < data.length; position++) {
    let best = 0;
    for (let c = 0; c < channels; c++) best = Math.max(best, data[position * channels + c]!);
    if (best >= OBJECT_SCORE) scores.fill(best, position * edges, (position + 1) * edges);
  }
  return scores;
}

/** Kullback-Leibler divergence of sigmoid(logit) from a probability, in nats. */
function binaryDivergence(logit: number, p: number): number {
  // -log sigmoid(x) = log(1 + e^-x)
  const [yes, no] = [softplus(-logit), softplus(logit)];
  const clamped = Math.min(Math.max(p, 1e-9), 1 - 1e-9);
  return clamped * (Math.log(clamped) + yes) + (1 - clamped) * (Math.log(1 - clamped) + no);
}

function crossEntropy({ data }: FeatureMap, probabilities: FeatureMap): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of data) largest = Math.max(largest, value);
  const total = largest + Math.log(sumOf(data, (value) => Math.exp(value - largest)));
  return sumOf(data, (value, i) => probabilities.data[i]! * (total - value));
}

function softmax(logits: FeatureMap): FeatureMap {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of logits.data) largest = Math.max(largest, value);
  const total = sumOf(logits.data, (value) => Math.exp(value - largest));
  return mapped(logits, (value) => Math.exp(value - largest) / total);
}

function energyOf({ data }: FeatureMap): number {
  return sumOf(data, (value) => value * value);
}

function positionsOf({ height, width }: FeatureMap): number {
  return height * width;
}

function mapped(map: FeatureMap, apply: (value: number) => number): FeatureMap {
  return { ...map, data: map.data.map(apply) };
}

function sumOf(values: Float32Array, of: (value: number, i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += of(values[i]!, i);
  return sum;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function softplus(value: number): number {
  return Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
}

import { LATENT_STRIDE } from '../geometry.js';
import type { FeatureMap, Named, Network } from '../nn/backend.js';
import { tensorNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { detectionHead, maskBranch } from './heads/detector.js';
import { featurePyramid } from './heads/feature-pyramid.js';
import { machineSynthesis, synthesis } from './machine/synthesis.js';
import { classifier, head, type TailFeatures, tail } from './resnet/backbone.js';

/** What a task network reads: dequantised latents y^, or RGB in [0, 1] with no codec in between. */
export type TaskInput = 'latents' | 'pixels';

/**
 * Parts of an answer that a task network can give:
 * `embedding`, c4's mean over the picture, [1, 1, channels];
 * `logits` of the classifier, [1, 1, classes];
 * `boxes`, on each level of the pyramid, `levelN.classes` [h, w, categories], logits, and `levelN.distances` [h, w, 4],
 * logarithms of left, top, right, bottom in strides;
 * `masks`, which implies boxes: on each level `levelN.controller` [h, w, parameters], and `mask`, the mask features
 * [h, w, mask channels] at stride 4.
 */
export const answerParts = ['embedding', 'logits', 'boxes', 'masks'] as const;

/** One of {@link answerParts}. */
export type AnswerPart = (typeof answerParts)[number];

/** The detector's outputs on one level of the pyramid. */
export interface LevelMaps {
  /** Pixels between neighbouring positions. */
  readonly stride: number;
  /** [h, w, categories], logits. */
  readonly classes: FeatureMap;
  /** [h, w, 4], logarithms of left, top, right, bottom in strides. */
  readonly distances: FeatureMap;
  /** [h, w, parameters]; only with masks. */
  readonly controller?: FeatureMap | undefined;
}

const LEVELS = [
  { level: 2, stride: 8 },
  { level: 3, stride: 16 },
  { level: 4, stride: 32 },
] as const;

/**
 * The network from latents (input `latent`) or pixels (input `rgb`) to all parts that are wanted: one network says
 * everything, so that g_s and the tail run once.
 *
 * The embedding is a mean over the picture and logits are linear in it, so the weighted mean of either over the tiles of
 * a picture belongs to the weighted mean of their pooled features.
 */
export function taskNetwork(from: TaskInput, parts: readonly AnswerPart[]): Network {
  const key = [from, ...answerParts.filter((part) => parts.includes(part))].join();
  let network = made.get(key);
  if (network === undefined) {
    network = makeTaskNetwork(from, parts);
    made.set(key, network);
  }
  return network;
}

/** The same question has the same network, so that it is compiled once. */
const made = new Map<string, Network>();

function makeTaskNetwork(from: TaskInput, parts: readonly AnswerPart[]): Network {
  const wants = (part: AnswerPart) => parts.includes(part);
  const findsObjects = wants('boxes') || wants('masks');
  return {
    // Vectors of one index come from many machines and runs: they are computed in one precision.
    ...(wants('embedding') ? {} : { answers: true as const }),
    inputs: (tensors): Named<{ channels: number; multiple: number }> =>
      from === 'pixels'
        ? { rgb: { channels: 3, multiple: LATENT_STRIDE } }
        : machineSynthesis.inputs(tensors),
    reads: [
      from === 'pixels' ? 'encoder' : 'synthesis',
      'tail',
      ...(findsObjects ? (['heads'] as const) : []),
    ],
    build: <V extends Value>(ops: Ops<V>, inputs: Named<V>, tensors: TensorMap) => {
      const f3 =
        from === 'pixels' ? head(ops, inputs.rgb!, tensors) : synthesis(ops, inputs.latent!, tensors);
      const features = tail(ops, f3, tensors);
      const outputs: Record<string, V> = {};
      if (wants('embedding') || wants('logits')) {
        const pooled = ops.globalAveragePool(features.c4);
        if (wants('embedding')) outputs.embedding = pooled;
        if (wants('logits')) outputs.logits = classifier(ops, pooled, tensors);
      }
      if (findsObjects) {
        Object.assign(outputs, heads(ops, features, tensors, wants('masks')));
      }
      return outputs;
    },
  };
}

/**
 * The tail alone: features f3 (or f1) to its three layers, the pooled last one (`embedding`) and the classifier's logits, for
 * whoever runs the networks outside of the library.
 */
export const tailNetwork: Network<'f3', 'layer2' | 'layer3' | 'layer4' | 'embedding' | 'logits'> = {
  inputs: (tensors) => ({ f3: { channels: inputsOf(tensors, 'tail.layer2.0.conv1.weight'), multiple: 4 } }),
  reads: ['tail'],
  build: (ops, { f3 }, tensors) => {
    const { c2, c3, c4 } = tail(ops, f3, tensors);
    const embedding = ops.globalAveragePool(c4);
    return { layer2: c2, layer3: c3, layer4: c4, embedding, logits: classifier(ops, embedding, tensors) };
  },
};

/** The heads alone: the tail's three layers to what {@link taskNetwork} says for boxes and masks. */
export const headsNetwork: Network<'layer2' | 'layer3' | 'layer4'> = {
  inputs: (tensors) => {
    const level = (number: number) => ({
      channels: inputsOf(tensors, `heads.fpn.lateral${number}.weight`),
      multiple: 1,
    });
    return { layer2: level(2), layer3: level(3), layer4: level(4) };
  },
  reads: ['heads'],
  build: (ops, { layer2, layer3, layer4 }, tensors) =>
    heads(ops, { c2: layer2, c3: layer3, c4: layer4 }, tensors, true),
};

function inputsOf(tensors: TensorMap, weight: string): number {
  return tensorNamed(tensors, weight).shape[1]!;
}

/** The detector's part of a task network's outputs, for strides 8, 16 and 32. */
export function levelMaps(outputs: Named<FeatureMap>): LevelMaps[] {
  return LEVELS.map(({ level, stride }) => ({
    stride,
    classes: outputs[`level${level}.classes`]!,
    distances: outputs[`level${level}.distances`]!,
    controller: outputs[`level${level}.controller`],
  }));
}

function heads<V extends Value>(
  ops: Ops<V>,
  features: TailFeatures<V>,
  tensors: TensorMap,
  masks: boolean,
): Record<string, V> {
  const pyramid = featurePyramid(ops, features, tensors);
  const outputs: Record<string, V> = {};
  for (const { level } of LEVELS) {
    const maps = detectionHead(ops, pyramid[`p${level}`], tensors, level, masks);
    for (const [name, value] of Object.entries(maps)) outputs[`level${level}.${name}`] = value;
  }
  if (masks) outputs.mask = maskBranch(ops, pyramid.p2, tensors);
  return outputs;
}

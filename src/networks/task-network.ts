import type { FeatureMap, InputSpec, NetworkFunction } from '../nn/backend.js';
import { layerNamed } from '../nn/layer.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { detectionHead } from './detection-head.js';
import { encoderInputs } from './encoder.js';
import { featurePyramid } from './feature-pyramid.js';
import { latentInputs } from './features.js';
import { head } from './head.js';
import { maskBranch } from './mask-branch.js';
import { synthesis } from './synthesis.js';
import { tail } from './tail.js';

/** What a task network reads: dequantised latents y^, or RGB in [0, 1] with no codec in between. */
export type TaskInput = 'latents' | 'pixels';

/** What a task network is to say. One network says all of it, so that g_s and tail run once. */
export interface TaskSelection {
  /** Logits of the classifier. */
  readonly classes: boolean;
  /** Categories and boxes of objects. */
  readonly boxes: boolean;
  /** Masks of the objects; implies boxes. */
  readonly masks: boolean;
}

/** The detector's outputs on one level of the pyramid. */
export interface LevelMaps {
  /** Pixels between neighbouring positions. */
  readonly stride: number;
  /** [h, w, categories], logits. */
  readonly classes: FeatureMap;
  /** [h, w, 4], logarithms of left, top, right, bottom in strides. */
  readonly distances: FeatureMap;
  /** [h, w, parameters]; only with masks. */
  readonly controller?: FeatureMap;
}

/** The outputs of a task network by name; what was not selected is absent. */
export interface TaskMaps {
  /** [1, 1, classes]. */
  readonly logits?: FeatureMap;
  /** Strides 8, 16, 32. */
  readonly levels?: readonly LevelMaps[];
  /** Mask features [h, w, mask channels] at stride 4. */
  readonly mask?: FeatureMap;
}

const LEVELS = [
  { level: 2, stride: 8 },
  { level: 3, stride: 16 },
  { level: 4, stride: 32 },
] as const;

/**
 * The network from latents or pixels to everything that is selected; {@link nameTaskMaps} names its outputs.
 *
 * Classifier logits are linear in the mean of c4 over the picture, so the weighted mean of the logits of a
 * picture's tiles is the logits of their weighted mean.
 */
export function taskNetwork(from: TaskInput, selection: TaskSelection): NetworkFunction {
  return <V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] => {
    const start = from === 'pixels' ? head : synthesis;
    const features = tail(ops, start(ops, inputs[0]!, tensors), tensors);
    const outputs: V[] = [];
    if (selection.classes) {
      outputs.push(ops.linear(ops.globalAveragePool(features.c4), layerNamed(tensors, 'tail.fc')));
    }
    if (selection.boxes) outputs.push(...heads(ops, features, tensors, selection.masks));
    return outputs;
  };
}

/** Input of {@link taskNetwork}. */
export function taskInputs(from: TaskInput, tensors: TensorMap): readonly InputSpec[] {
  return from === 'pixels' ? encoderInputs : latentInputs(tensors);
}

/** Names the outputs of {@link taskNetwork} for the same selection. */
export function nameTaskMaps(selection: TaskSelection, maps: readonly FeatureMap[]): TaskMaps {
  const rest = [...maps];
  const logits = selection.classes ? { logits: rest.shift()! } : {};
  if (!selection.boxes) return logits;
  const levels = LEVELS.map(({ stride }) => {
    const [classes, distances] = rest.splice(0, 2) as [FeatureMap, FeatureMap];
    return selection.masks
      ? { stride, classes, distances, controller: rest.shift()! }
      : { stride, classes, distances };
  });
  return selection.masks ? { ...logits, levels, mask: rest.shift()! } : { ...logits, levels };
}

function heads<V extends Value>(
  ops: Ops<V>,
  features: Parameters<typeof featurePyramid<V>>[1],
  tensors: TensorMap,
  masks: boolean,
): V[] {
  const pyramid = featurePyramid(ops, features, tensors);
  const outputs = LEVELS.flatMap(({ level }) => {
    const { classes, distances, controller } = detectionHead(
      ops,
      pyramid[`p${level}`],
      tensors,
      level,
      masks,
    );
    return controller === undefined ? [classes, distances] : [classes, distances, controller];
  });
  return masks ? [...outputs, maskBranch(ops, pyramid.p2, tensors)] : outputs;
}

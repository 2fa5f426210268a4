import { LATENT_STRIDE } from '../../geometry.js';
import type { InputSpec, Named, Network } from '../../nn/backend.js';
import { tensorNamed } from '../../nn/layer.js';
import type { Ops, Value } from '../../nn/ops.js';
import { type Recorded, ReverseOps } from '../../nn/reverse/reverse-ops.js';
import type { TensorMap } from '../../tensor.js';
import { detectionHead } from '../heads/detector.js';
import { featurePyramid } from '../heads/feature-pyramid.js';
import { classifier, head, tail } from '../resnet/backbone.js';
import { machineSynthesis, synthesis } from './synthesis.js';

/** Layers of the tail, which are also the levels of the pyramid. */
export const LEVELS = [2, 3, 4] as const;

/** How much each part of what decoders see counts; see `codec/refinement/distortion.ts` for their units. */
export interface DistortionWeights {
  /** Of the relative errors of layer2, layer3 and layer4. */
  readonly layers: Readonly<Record<(typeof LEVELS)[number], number>>;
  readonly logits: number;
  readonly classes: number;
  readonly boxes: number;
}

/** What the tail and, where a model has them, the heads say. */
function answers<V extends Value>(
  ops: Ops<V>,
  f3: V,
  tensors: TensorMap,
  detects: boolean,
): Record<string, V> {
  const features = tail(ops, f3, tensors);
  const logits = classifier(ops, ops.globalAveragePool(features.c4), tensors);
  const outputs: Record<string, V> = {
    layer2: features.c2,
    layer3: features.c3,
    layer4: features.c4,
    logits,
  };
  if (!detects) return outputs;
  const pyramid = featurePyramid(ops, features, tensors);
  for (const level of LEVELS) {
    const { classes, distances } = detectionHead(ops, pyramid[`p${level}`], tensors, level, false);
    Object.assign(outputs, { [`classes${level}`]: classes, [`distances${level}`]: distances });
  }
  return outputs;
}

/**
 * What the uncompressed network says of a picture, for refined latents to say too: `layer2..4`, `logits`, and with heads
 * `classes2..4` and `distances2..4`.
 */
export function targetNetwork(detects: boolean): Network {
  return {
    inputs: () => ({ rgb: { channels: 3, multiple: LATENT_STRIDE } }),
    reads: ['encoder', 'tail', ...(detects ? (['heads'] as const) : [])],
    build: (ops, { rgb }, tensors) => answers(ops, head(ops, rgb!, tensors), tensors, detects),
  };
}

/**
 * The gradient of the distortion with respect to dequantised latents (`latent`), and what it is computed from.
 *
 * Further inputs are the target: `layer2..4`; `shareN` [1, 1, channels], positions of the layer divided by the sum of its
 * squares; `probabilities` [1, 1, classes]. With heads `probabilities2..4` of categories; `classShareN` [1, 1,
 * categories], the number of positions divided by that of objects; `edges2..4`, the target's distances, and `boxWeights2..4`, of one shape.
 * Outputs are `gradient`, `errorN`, the mean square error of each channel of a layer, and what the networks say:
 * `logits`, `classesN`, `distancesN`.
 */
export function gradientNetwork(detects: boolean, weights: DistortionWeights): Network {
  return {
    inputs: (tensors) => ({ ...machineSynthesis.inputs(tensors), ...targetInputs(tensors, detects) }),
    reads: ['synthesis', 'tail', ...(detects ? (['heads'] as const) : [])],
    build: (ops, inputs, tensors) => {
      const reverse = new ReverseOps(ops);
      const latent = reverse.input(inputs.latent!);
      const said = answers(reverse, synthesis(reverse, latent, tensors), tensors, detects);
      const outputs: Record<string, Value> = { logits: said.logits!.value };
      const pairs = [
        ...layerGradients(ops, said, inputs, weights, outputs),
        ...(detects ? headGradients(ops, said, inputs, weights, outputs) : []),
      ];
      const difference = ops.subtract(ops.softmax(said.logits!.value), ops.toTokens(inputs.probabilities!));
      pairs.push([said.logits!, ops.scale(difference, weights.logits)]);
      return { ...outputs, gradient: reverse.gradient(latent, pairs) } as never;
    },
  };
}

type Pairs<V extends Value> = [output: Recorded<V>, gradient: V][];

function layerGradients<V extends Value>(
  ops: Ops<V>,
  said: Named<Recorded<V>>,
  inputs: Named<V>,
  weights: DistortionWeights,
  outputs: Record<string, Value>,
): Pairs<V> {
  return LEVELS.map((level) => {
    const layer = said[`layer${level}`]!;
    const difference = ops.subtract(layer.value, inputs[`layer${level}`]!);
    outputs[`error${level}`] = ops.globalAveragePool(ops.multiply(difference, difference));
    const share = ops.spreadLike(ops.toTokens(inputs[`share${level}`]!), difference);
    return [layer, ops.scale(ops.multiply(difference, share), 2 * weights.layers[level])];
  });
}

function headGradients<V extends Value>(
  ops: Ops<V>,
  said: Named<Recorded<V>>,
  inputs: Named<V>,
  weights: DistortionWeights,
  outputs: Record<string, Value>,
): Pairs<V> {
  return LEVELS.flatMap((level): Pairs<V> => {
    const [classes, distances] = [said[`classes${level}`]!, said[`distances${level}`]!];
    outputs[`classes${level}`] = classes.value;
    outputs[`distances${level}`] = distances.value;
    const wrong = ops.subtract(ops.sigmoid(classes.value), inputs[`probabilities${level}`]!);
    const share = ops.spreadLike(ops.toTokens(inputs[`classShare${level}`]!), wrong);
    const off = ops.subtract(distances.value, inputs[`edges${level}`]!);
    const counted = ops.multiply(off, inputs[`boxWeights${level}`]!);
    return [
      [classes, ops.scale(ops.multiply(wrong, share), weights.classes)],
      [distances, ops.scale(counted, 2 * weights.boxes)],
    ];
  });
}

function targetInputs(tensors: TensorMap, detects: boolean): Record<string, InputSpec> {
  const outputsOf = (name: string) => tensorNamed(tensors, `${name}.weight`).shape[0]!;
  const one = (channels: number) => ({ channels, multiple: 1 });
  const inputs: Record<string, InputSpec> = { probabilities: one(outputsOf('tail.fc')) };
  for (const level of LEVELS) {
    // One position of the latents has 2 x 2 in layer2 and one in the layers behind it.
    const map = (channels: number): InputSpec =>
      level === 2 ? { channels, multiple: 1, smallest: [2, 2] } : one(channels);
    const channels = outputsOf(`tail.layer${level}.0.conv3`);
    Object.assign(inputs, { [`layer${level}`]: map(channels), [`share${level}`]: one(channels) });
    if (!detects) continue;
    const categories = outputsOf(`heads.level${level}.classes`);
    Object.assign(inputs, {
      [`probabilities${level}`]: map(categories),
      [`classShare${level}`]: one(categories),
      [`edges${level}`]: map(4),
      [`boxWeights${level}`]: map(4),
    });
  }
  return inputs;
}

import { ModelError } from '../errors.js';
import type { Tensor, TensorMap } from '../tensor.js';
import { readSafetensors } from './safetensors.js';
import { StoredTensor } from './stored-tensor.js';

/** Added to a variance before its root is taken, as torchvision's ResNets do. */
const EPSILON = 1e-5;

/** Blocks of ResNet-50's four layers. */
const BLOCKS = [3, 4, 6, 3] as const;

/**
 * Reads a ResNet-50 with torchvision's tensor names and brings it into the form of a released model: batch norms
 * folded into the convolutions before them, `head.` before stem and layer1, `tail.` before the rest.
 *
 * @param file - safetensors, 32 or 16 bits a value.
 * @param where - Path of the file, for messages.
 * @throws ModelError `bad-weights` for a broken file, `missing-tensor` or `bad-tensor` for another network.
 */
export function readTorchvisionResnet(file: Uint8Array, where: string): TensorMap {
  const raw = readSafetensors(file, where, isCounter);
  const take = (name: string): Tensor => {
    const tensor = raw.get(name);
    if (tensor === undefined) {
      throw new ModelError(
        'missing-tensor',
        `${where} has no tensor ${name}; is it torchvision's ResNet-50?`,
      );
    }
    return new StoredTensor(tensor);
  };
  const folded = new Map<string, Tensor>();
  const fold = (convolution: string, norm: string, name: string) => {
    const { weight, bias } = foldNorm(take(`${convolution}.weight`), norm, take);
    folded.set(`${name}.weight`, weight).set(`${name}.bias`, bias);
  };
  fold('conv1', 'bn1', 'head.conv1');
  for (const [index, blocks] of BLOCKS.entries()) {
    const layer = `layer${index + 1}`;
    for (let block = 0; block < blocks; block++) {
      const from = `${layer}.${block}`;
      const to = `${index === 0 ? 'head' : 'tail'}.${from}`;
      for (const n of [1, 2, 3]) fold(`${from}.conv${n}`, `${from}.bn${n}`, `${to}.conv${n}`);
      if (block === 0) fold(`${from}.downsample.0`, `${from}.downsample.1`, `${to}.downsample`);
    }
  }
  folded.set('tail.fc.weight', take('fc.weight')).set('tail.fc.bias', take('fc.bias'));
  return folded;
}

/** y = g (W x - mean) / sqrt(variance + e) + b as one convolution: W g / s, and b - mean g / s. */
function foldNorm(weight: Tensor, norm: string, take: (name: string) => Tensor) {
  const channels = weight.shape[0]!;
  const values = (part: string) => {
    const { shape, data } = take(`${norm}.${part}`);
    if (shape.length === 1 && shape[0] === channels) return data;
    throw new ModelError('bad-tensor', `${norm}.${part} is [${shape.join(', ')}], not [${channels}]`);
  };
  const [gain, shift] = [values('weight'), values('bias')];
  const [mean, variance] = [values('running_mean'), values('running_var')];
  const inner = weight.data.length / channels;
  const source = weight.data;
  const data = new Float32Array(source.length);
  const bias = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const scale = gain[channel]! / Math.sqrt(variance[channel]! + EPSILON);
    bias[channel] = shift[channel]! - mean[channel]! * scale;
    for (let i = channel * inner; i < (channel + 1) * inner; i++) data[i] = source[i]! * scale;
  }
  return {
    weight: { dtype: 'f32', shape: weight.shape, data } as const,
    bias: { dtype: 'f32', shape: [channels], data: bias } as const,
  };
}

/** Counts of the batches that a norm has seen, 64-bit integers. */
function isCounter(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

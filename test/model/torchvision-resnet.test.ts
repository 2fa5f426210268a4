import { describe, expect, test } from 'vitest';
import { readTorchvisionResnet } from '../../src/model/torchvision-resnet.js';
import { bytesOf, type WrittenTensor, writeSafetensors } from './write-safetensors.js';

/** ResNet-50 with one channel everywhere: all names, no size. */
function tinyResnet(): Record<string, WrittenTensor> {
  const tensors: Record<string, WrittenTensor> = {};
  const add = (name: string, shape: number[], values: number[]) => {
    tensors[name] = { dtype: 'F32', shape, bytes: bytesOf(Float32Array.from(values)) };
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [1], [3]);
    add(`${name}.bias`, [1], [0.5]);
    add(`${name}.running_mean`, [1], [2]);
    add(`${name}.running_var`, [1], [4 - 1e-5]);
    tensors[`${name}.num_batches_tracked`] = { dtype: 'I64', shape: [], bytes: new Uint8Array(8) };
  };
  add('conv1.weight', [1, 1, 1, 2], [10, -20]);
  norm('bn1');
  for (const [layer, blocks] of [3, 4, 6, 3].entries()) {
    for (let block = 0; block < blocks; block++) {
      const name = `layer${layer + 1}.${block}`;
      for (const n of [1, 2, 3]) {
        add(`${name}.conv${n}.weight`, [1, 1, 1, 1], [1]);
        norm(`${name}.bn${n}`);
      }
      if (block > 0) continue;
      add(`${name}.downsample.0.weight`, [1, 1, 1, 1], [1]);
      norm(`${name}.downsample.1`);
    }
  }
  add('fc.weight', [2, 1], [7, 8]);
  add('fc.bias', [2], [1, 2]);
  return tensors;
}

describe('a ResNet-50 with names of torchvision', () => {
  test('has its batch norms folded: gain over deviation into weights, the rest into biases', () => {
    const folded = readTorchvisionResnet(writeSafetensors(tinyResnet()), 'test');
    // Gain 3 over a deviation of 2; 0.5 - 2 * 1.5.
    expect([...folded.get('head.conv1.weight')!.data]).toEqual([15, -30]);
    expect([...folded.get('head.conv1.bias')!.data]).toEqual([-2.5]);
    expect(folded.get('head.conv1.weight')!.shape).toEqual([1, 1, 1, 2]);
    expect([...folded.get('tail.fc.weight')!.data]).toEqual([7, 8]);
  });

  test('gets the names of a released model, all of them', () => {
    const folded = readTorchvisionResnet(writeSafetensors(tinyResnet()), 'test');
    // 53 convolutions and the classifier, each with a bias.
    expect(folded.size).toBe(2 * 54);
    for (const name of ['head.layer1.2.conv3', 'head.layer1.0.downsample', 'tail.layer4.2.conv1']) {
      expect(folded.has(`${name}.weight`)).toBe(true);
      expect(folded.has(`${name}.bias`)).toBe(true);
    }
    expect([...folded.keys()].every((name) => /^(head\.|tail\.)/.test(name))).toBe(true);
  });

  test('is refused when a tensor is missing or does not fit', () => {
    const missing = tinyResnet();
    delete missing['layer3.5.bn2.running_var'];
    expect(() => readTorchvisionResnet(writeSafetensors(missing), 'other.safetensors')).toThrow(
      expect.objectContaining({ code: 'missing-tensor', message: expect.stringContaining('layer3.5.bn2') }),
    );
    const wrong = tinyResnet();
    wrong['bn1.bias'] = { dtype: 'F32', shape: [2], bytes: new Uint8Array(8) };
    expect(() => readTorchvisionResnet(writeSafetensors(wrong), 'test')).toThrow(
      expect.objectContaining({ code: 'bad-tensor' }),
    );
  });
});

import type { FrequencyTables } from '../../src/entropy/frequency-tables.js';
import type { Tensor } from '../../src/tensor.js';
import { bellTables } from '../entropy/fixtures.js';
import { randomHyperSynthesis, randomSource, type Shape } from '../hyperprior/random-model.js';

/** Everything the entropy path of a model needs, at random: a hyper-synthesis that uses all tables, tables, and gains. */
export function randomCodecModel(shape: Shape, seed: number, levels = 4): Map<string, Tensor> {
  const tensors = randomHyperSynthesis(shape, seed);
  const random = randomSource(seed ^ 0x5eed);
  const { hyperChannels, latentChannels } = shape;
  const bias = tensors.get('hs.out.bias')!.data;
  for (let c = latentChannels; c < 2 * latentChannels; c++) bias[c] = 30 + 34 * random();

  const put = (name: string, { sizes, offset, cumulative }: FrequencyTables) => {
    for (const [part, data] of Object.entries({ size: sizes, offset, cdf: cumulative })) {
      tensors.set(`entropy.${name}.${part}`, { dtype: 'i32', shape: [data.length], data });
    }
  };
  put('factorised', bellTables(Array.from({ length: hyperChannels }, () => 0.3 + 3 * Math.abs(random()))));
  put('gaussian', bellTables(Array.from({ length: 64 }, (_, i) => 0.11 * 2 ** (i / 7))));

  const gains = (bound: number) => ({
    dtype: 'f32' as const,
    shape: [levels, latentChannels],
    data: Float32Array.from({ length: levels * latentChannels }, () => bound * random()),
  });
  tensors.set('gain.log2', gains(4));
  tensors.set('gain.log2_inverse', gains(6));
  tensors.set('gain.index_per_octave', { dtype: 'f32', shape: [], data: Float32Array.of(6) });
  return tensors;
}

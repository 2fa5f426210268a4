import type { MaxSide } from '../../image/fit-size.js';
import type { BenchTask } from '../bench-task.js';
import type { Contender } from './contender.js';
import { describeAnswer, questionOf } from './describe-answer.js';
import type { BenchNetworks } from './open-networks.js';

/** From the smallest files to the largest. */
const QUALITIES = [1, 10, 20, 35, 50, 75, 100];

/** dicm itself: the answer comes from the file's features. */
export function dicmContender(networks: BenchNetworks, task: BenchTask, maxSide: MaxSide): Contender {
  const { codec, model, weightsId } = networks;
  return {
    id: 'dicm',
    name: `dicm (${model.name})`,
    version: `${model.name} ${model.decodeId} ${model.renderId}`,
    networkId: weightsId,
    settingName: 'quality',
    settings: QUALITIES,
    encode: ({ bytes }, quality, { signal }) => codec.encode(bytes, { quality, maxSide, signal }),
    analyze: async (coded, _, { signal }) =>
      describeAnswer(await codec.analyze(coded, { ...questionOf(task), signal })),
  };
}

import { buildTables, type FrequencyTables } from '../entropy/frequency-tables.js';
import { ModelError } from '../errors.js';
import { type Gains, gainsAt } from '../hyperprior/gains.js';
import { type HyperSynthesis, openHyperSynthesis } from '../hyperprior/hyper-synthesis.js';
import { GAUSSIAN_TABLES } from '../hyperprior/quantiser.js';
import type { TensorMap } from '../tensor.js';

/** Everything of a model that entropy coding needs: the part its decode id covers. */
export interface EntropyModel {
  readonly latentChannels: number;
  readonly hyperChannels: number;
  /** h_s: predicts means and scales from z^. */
  readonly hyperSynthesis: HyperSynthesis;
  /** One table a hyper-latent channel. */
  readonly hyperTables: FrequencyTables;
  /** One table a scale. */
  readonly latentTables: FrequencyTables;
  /** Gains at a quality position, 0 to 2047. */
  gainsAt(position: number): Gains;
  dispose(): void;
}

/**
 * Opens the entropy model of a model's tensors.
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`, `bad-tables`
 */
export async function openEntropyModel(tensors: TensorMap): Promise<EntropyModel> {
  const hyperTables = tablesNamed(tensors, 'entropy.factorised');
  const latentTables = tablesNamed(tensors, 'entropy.gaussian');
  const hyperSynthesis = await openHyperSynthesis(tensors);
  const { latentChannels, hyperChannels } = hyperSynthesis;
  if (hyperTables.count !== hyperChannels) {
    throw mismatch(`${hyperTables.count} factorised tables for ${hyperChannels} hyper-latent channels`);
  }
  if (latentTables.count !== GAUSSIAN_TABLES) throw mismatch(`${latentTables.count} Gaussian tables`);
  const gainChannels = gainsAt(tensors, 0).gain.length;
  if (gainChannels !== latentChannels) {
    throw mismatch(`gains for ${gainChannels} of ${latentChannels} latent channels`);
  }
  return {
    latentChannels,
    hyperChannels,
    hyperSynthesis,
    hyperTables,
    latentTables,
    gainsAt: (position) => gainsAt(tensors, position),
    dispose: () => hyperSynthesis.dispose(),
  };
}

function tablesNamed(tensors: TensorMap, name: string): FrequencyTables {
  const integers = (part: string): Int32Array => {
    const tensor = tensors.get(`${name}.${part}`);
    if (tensor === undefined) {
      throw new ModelError('missing-tensor', `the model has no tensor ${name}.${part}`);
    }
    const { data } = tensor;
    if (!(data instanceof Int32Array)) throw new ModelError('bad-tensor', `${name}.${part} is not i32`);
    return data;
  };
  return buildTables(integers('cdf'), integers('size'), integers('offset'), name);
}

function mismatch(what: string): ModelError {
  return new ModelError('bad-tensor', `the parts of the model do not fit together: ${what}`);
}

import { LATENT_STRIDE } from '../geometry.js';
import type { InputSpec } from '../nn/backend.js';
import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { analysis } from './analysis.js';
import { head } from './head.js';
import { hyperAnalysis } from './hyper-analysis.js';
import { redundancyElimination } from './redundancy-elimination.js';

/** RGB in [0, 1] to [y [h/16, w/16, latent], z [ceil(h/64), ceil(w/64), hyper]], neither rounded. */
export function encoder<V extends Value>(ops: Ops<V>, inputs: readonly V[], tensors: TensorMap): V[] {
  const f1 = head(ops, inputs[0]!, tensors);
  const y = analysis(ops, redundancyElimination(ops, f1, tensors), tensors);
  return [y, hyperAnalysis(ops, y, tensors)];
}

/** Input of {@link encoder}: a tile padded to multiples of 16 pixels. */
export const encoderInputs: readonly InputSpec[] = [{ name: 'rgb', channels: 3, multiple: LATENT_STRIDE }];

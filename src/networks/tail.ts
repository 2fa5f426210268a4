import type { Ops, Value } from '../nn/ops.js';
import type { TensorMap } from '../tensor.js';
import { bottlenecks } from './bottleneck.js';

/** Outputs of ResNet-50's layer2 (stride 8), layer3 (stride 16) and layer4 (stride 32). */
export interface TailFeatures<V extends Value> {
  readonly c2: V;
  readonly c3: V;
  readonly c4: V;
}

/** ResNet-50's layer2 to layer4 on decoded features f3 [h, w, features]. */
export function tail<V extends Value>(ops: Ops<V>, f3: V, tensors: TensorMap): TailFeatures<V> {
  const c2 = bottlenecks(ops, f3, tensors, 'tail.layer2', 2);
  const c3 = bottlenecks(ops, c2, tensors, 'tail.layer3', 2);
  const c4 = bottlenecks(ops, c3, tensors, 'tail.layer4', 2);
  return { c2, c3, c4 };
}

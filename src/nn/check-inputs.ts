import { UsageError } from '../errors.js';
import type { FeatureMap, InputSpec } from './backend.js';

/**
 * Compares inputs with what a network was compiled for.
 *
 * @throws UsageError `bad-input`
 */
export function checkInputs(specs: readonly InputSpec[], inputs: readonly FeatureMap[]): void {
  if (inputs.length !== specs.length) {
    throw new UsageError('bad-input', `the network takes ${specs.length} inputs, not ${inputs.length}`);
  }
  for (const [i, spec] of specs.entries()) {
    const { data, height, width, channels } = inputs[i]!;
    const isSize = (n: number) => Number.isInteger(n) && n > 0 && n % spec.multiple === 0;
    if (!isSize(height) || !isSize(width)) {
      throw new UsageError(
        'bad-input',
        `${spec.name} is ${width} x ${height}; both must be positive multiples of ${spec.multiple}`,
      );
    }
    if (channels !== spec.channels) {
      throw new UsageError('bad-input', `${spec.name} has ${channels} channels, not ${spec.channels}`);
    }
    if (data.length !== height * width * channels) {
      throw new UsageError(
        'bad-input',
        `${spec.name} holds ${data.length} values for ${height} x ${width} x ${channels}`,
      );
    }
  }
}

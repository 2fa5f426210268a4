import { UsageError } from '../errors.js';
import type { FeatureMap, InputSpec, Named } from './backend.js';

/**
 * Compares inputs with what a network was compiled for.
 *
 * @throws UsageError `bad-input`
 */
export function checkInputs(specs: Named<InputSpec>, inputs: Named<FeatureMap>): void {
  const given = Object.keys(inputs);
  const wanted = Object.keys(specs);
  if (given.length !== wanted.length || !wanted.every((name) => Object.hasOwn(inputs, name))) {
    throw new UsageError('bad-input', `the network takes ${wanted.join(', ')}, not ${given.join(', ')}`);
  }
  for (const [name, spec] of Object.entries(specs)) {
    const { data, height, width, channels } = inputs[name]!;
    const isSize = (n: number) => Number.isInteger(n) && n > 0 && n % spec.multiple === 0;
    if (!isSize(height) || !isSize(width)) {
      throw new UsageError(
        'bad-input',
        `${name} is ${width} x ${height}; both must be positive multiples of ${spec.multiple}`,
      );
    }
    if (channels !== spec.channels) {
      throw new UsageError('bad-input', `${name} has ${channels} channels, not ${spec.channels}`);
    }
    if (data.length !== height * width * channels) {
      throw new UsageError(
        'bad-input',
        `${name} holds ${data.length} values for ${height} x ${width} x ${channels}`,
      );
    }
  }
}

import { BackendError, UsageError } from '../errors.js';
import type { FeatureMap } from '../nn/backend.js';

/** @throws UsageError unless the setting, where given, is an integer of at least 1 */
export function checkCount(code: 'bad-top' | 'bad-max-detections', name: string, count?: number): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    throw new UsageError(code, `${name} must be an integer of at least 1, not ${count}`);
  }
}

/** @throws UsageError `bad-min-score` unless the score, where given, is a number from 0 to 1 */
export function checkScore(score?: number): void {
  if (score !== undefined && !(score >= 0 && score <= 1)) {
    throw new UsageError('bad-min-score', `minScore must be a number from 0 to 1, not ${score}`);
  }
}

/** @throws UsageError `unknown-category` unless categories, where given, are a list of names and numbers */
export function checkNames(categories?: readonly unknown[]): void {
  if (categories === undefined) return;
  const isList = Array.isArray(categories) && categories.length > 0;
  if (!isList || !categories.every((one) => typeof one === 'string' || typeof one === 'number')) {
    throw new UsageError('unknown-category', 'categories must be a list of one or more names or ids');
  }
}

/**
 * A file made for the purpose can make networks overflow; nobody downstream should have to look for the NaN.
 *
 * @throws BackendError
 */
export function checkFinite(
  maps: readonly FeatureMap[],
  code: 'bad-logits' | 'bad-detections' | 'bad-embedding',
  network: string,
): void {
  for (const { data } of maps) {
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i]!)) {
        throw new BackendError(code, `the ${network} network gave values that are no finite numbers`);
      }
    }
  }
}

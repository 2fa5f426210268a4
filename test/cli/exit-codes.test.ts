import { describe, expect, test } from 'vitest';
import { describeFailure, Interrupted } from '../../src/cli/exit-codes.js';
import {
  BackendError,
  FormatError,
  ImageError,
  LimitError,
  ModelError,
  OutputError,
  UnsupportedError,
  UsageError,
} from '../../src/index.js';

describe('describeFailure', () => {
  test.each([
    [new UsageError('no-match', 'm'), 'no-match', 2],
    [new FormatError('truncated', 'm'), 'truncated', 3],
    [new ImageError('bad-image', 'm'), 'bad-image', 3],
    [new UnsupportedError('newer-version', 'm'), 'newer-version', 4],
    [new OutputError('disk-full', 'm'), 'disk-full', 5],
    [new ModelError('model-missing', 'm'), 'model-missing', 6],
    [new BackendError('no-backend', 'm'), 'no-backend', 6],
    [new LimitError('maxPixels', 9, 4, 'It'), 'limit-exceeded', 7],
    [new Interrupted('SIGINT'), 'interrupted', 130],
    [new TypeError('x is undefined'), 'internal-error', 70],
    ['thrown text', 'internal-error', 70],
  ])('%s', (error, code, exitCode) => {
    expect(describeFailure(error)).toMatchObject({ code, exitCode });
  });

  test('a bug brings its stack, an error with a name does not', () => {
    expect(describeFailure(new TypeError('oops')).stack).toContain('exit-codes.test');
    expect(describeFailure(new FormatError('truncated', 'm')).stack).toBeUndefined();
  });

  test('a limit says how to raise it', () => {
    const { message } = describeFailure(new LimitError('maxTiles', 400, 100, 'The number of tiles'));
    expect(message).toContain('--limit maxTiles=400');
  });
});

import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import type { Backend, BackendName } from '../../src/nn/backend.js';
import { addonPath } from '../../src/platform/node/executors/load-tensorflow.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';

/**
 * Declares the same tests for every executor. TensorFlow's is an optional addon that has to be built
 * (scripts/link-tensorflow.js); without it its tests are skipped, and the reason is printed.
 */
export function describeBackends(title: string, tests: (open: () => Promise<Backend>) => void): void {
  for (const name of ['onnx', 'wasm', 'tensorflow'] as const) {
    const reason = absence(name);
    if (reason !== undefined) console.warn(`skipped: ${title} on ${name}: ${reason}`);
    describe.skipIf(reason !== undefined)(`${title} on ${name}`, () => tests(() => openBackend(name)));
  }
}

function absence(name: BackendName): string | undefined {
  if (name !== 'tensorflow') return undefined;
  try {
    return existsSync(addonPath()) ? undefined : 'its addon is gone';
  } catch (error) {
    return (error as Error).message;
  }
}

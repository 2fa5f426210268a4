import type * as tfjs from '@tensorflow/tfjs-core';
import type { EagerTraits } from './eager-ops.js';

/** A library under TensorFlow.js, loaded and initialised. */
export interface EagerEngine extends EagerTraits {
  readonly name: 'tensorflow' | 'wasm';
  readonly tf: typeof tfjs;
  readonly version: string;
  readonly device: string;
  /** What all living tensors may take together; infinite where exhaustion is reported. */
  readonly memoryLimitBytes: number;
}

/**
 * TensorFlow.js has one current backend for the whole process, and choosing it is asynchronous. Work that needs
 * it therefore queues here, so that two open backends never compute with each other's.
 */
let last: Promise<unknown> = Promise.resolve();

/** Runs synchronous work while `engine` is the current backend. */
export function withEngine<T>(engine: EagerEngine, work: () => T): Promise<T> {
  const turn = last.then(async () => {
    const { tf } = engine;
    if (tf.getBackend() !== engine.name) await tf.setBackend(engine.name);
    return work();
  });
  last = turn.catch(() => {});
  return turn;
}

import type * as tfjs from '@tensorflow/tfjs-core';
import { BackendError } from '../../errors.js';
import { lessForExecutor } from '../backend.js';

/** What differs between the libraries under TensorFlow.js. */
export interface EagerTraits {
  /** Pooling takes explicit padding; TensorFlow's C library does not. */
  readonly poolsWithPadding: boolean;
  /** Transposing costs about as much as copying; with the WebAssembly kernels it is ten times as slow. */
  readonly transposesFast: boolean;
}

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

/** Runs work while `engine` is the current backend; the next waits for its end. */
export function withEngine<T>(engine: EagerEngine, work: () => T | Promise<T>): Promise<T> {
  const turn = last.then(async () => {
    const { tf } = engine;
    if (tf.getBackend() !== engine.name) await tf.setBackend(engine.name);
    return work();
  });
  last = turn.catch(() => {});
  return turn;
}

/**
 * Refuses a tensor before it is made when all living ones together would pass a limit. The WebAssembly backend
 * needs this: when its memory of 4 GiB runs out, allocation fails unnoticed and the next tensor silently
 * overwrites others.
 */
export class MemoryGuard {
  readonly #livingBytes: () => number;
  readonly #limitBytes: number;

  /**
   * @param livingBytes - asked before every allocation
   * @param limitBytes - infinite for a backend that reports exhaustion itself
   */
  constructor(livingBytes: () => number, limitBytes: number) {
    this.#livingBytes = livingBytes;
    this.#limitBytes = limitBytes;
  }

  /**
   * Announces float tensors of `elements` values in all.
   *
   * @throws BackendError `backend-memory`
   */
  reserve(elements: number): void {
    if (this.#limitBytes === Number.POSITIVE_INFINITY) return;
    const wanted = this.#livingBytes() + 4 * elements;
    if (wanted <= this.#limitBytes) return;
    const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
    throw new BackendError(
      'backend-memory',
      `the network would need ${mib(wanted)}, above the ${mib(this.#limitBytes)} this backend can hold; ${lessForExecutor}`,
    );
  }
}

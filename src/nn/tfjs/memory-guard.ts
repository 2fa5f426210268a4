import { BackendError } from '../../errors.js';

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
      `the network would need ${mib(wanted)}, above the ${mib(this.#limitBytes)} this backend can hold`,
    );
  }
}

import { closeSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/**
 * A file that stdout was redirected to. Node's own stream for files passes over a write that only a part of the bytes
 * fitted into, which is how the last piece of a disk is filled: the rest was lost without an error. This one goes on until
 * all bytes are there or the system says why not. Some file systems say so only when a file is closed, so ending the
 * stream closes it.
 */
export class FileOutput extends Writable {
  readonly isTTY = false;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    super({ decodeStrings: true });
    this.#descriptor = descriptor;
  }

  override _write(piece: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    attempt(done, () => {
      for (let at = 0; at < piece.length; ) at += writeSync(this.#descriptor, piece, at);
    });
  }

  override _final(done: (error?: Error) => void): void {
    attempt(done, () => closeSync(this.#descriptor));
  }
}

function attempt(done: (error?: Error) => void, work: () => void): void {
  let failure: Error | undefined;
  try {
    work();
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}

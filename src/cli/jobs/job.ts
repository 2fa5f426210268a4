import type { CallHooks, Codec } from '../../index.js';
import type { ReadContext } from '../read-input.js';
import type { Output } from '../terminal.js';

/** What a job reads from and writes to. */
export interface JobStreams extends ReadContext {
  /** What `-` stands for as an output. */
  stdout: Output;
}

/**
 * What a job works with, whoever calls it. A job takes plain options and this, does everything about one input, and
 * returns what it did as a plain object that can be kept as JSON. It prints nothing: reporting is a function of its own
 * beside it.
 */
export interface JobContext extends JobStreams {
  codec: Codec;
  /** Called after each tile of a picture. */
  onProgress?: CallHooks['onProgress'];
}

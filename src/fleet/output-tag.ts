import { createHash } from 'node:crypto';
import { type RunTask, sortedJson } from './work-item.js';

/** What outputs are made by, besides their source and their options. */
export interface Maker {
  readonly decodeId: string;
  readonly renderId: string;
}

/** Digits of a tag: 64 bits, so that among 10^7 outputs of one name two agree by chance once in 10^5 lists. */
const TAG_DIGITS = 16;

/**
 * What tells an output from others of its name: a hash of all that its content depends on, but for the executor's last
 * bits. The same input, model and options have the same tag, so an output that is there already is the one that would be
 * written.
 *
 * @param source - The bytes of the source.
 */
export function outputTag(source: Uint8Array, { command, options }: RunTask, maker: Maker): string {
  const { decodeId, renderId } = maker;
  return createHash('sha256')
    .update(sortedJson({ command, options, decodeId, renderId }))
    .update(createHash('sha256').update(source).digest())
    .digest('hex')
    .slice(0, TAG_DIGITS);
}

/** Name of the output of an input: `cats/001.93b1f0aa52c07e1d.dicm`. */
export function outputName(name: string, tag: string, command: RunTask['command']): string {
  return `${name}.${tag}.${command === 'encode' ? 'dicm' : 'json'}`;
}

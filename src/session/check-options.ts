import type { CallHooks } from '../codec/call-hooks.js';
import { UsageError } from '../errors.js';
import { nearName } from '../near-name.js';

/** The options that a call has, each once. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * The names of a call's options as a value. The compiler compares them with the type: none is missing, and none is there that
 * the type has not, which a literal with spread parts would let through.
 */
export function optionNames<Options>() {
  return <Names extends OptionNames<Options>>(
    names: Names & Readonly<Record<Exclude<keyof Names, keyof Options>, never>>,
  ): OptionNames<Options> => names;
}

/** Names of the hooks that every long call takes. */
export const hookNames = optionNames<CallHooks>()({ signal: true, onProgress: true });

/**
 * Refuses options of names that mean nothing: without the help of types a misspelt one would change nothing, silently.
 *
 * @param call - What was called, for the message.
 * @throws UsageError `unknown-option`
 */
export function checkOptions<Options>(call: string, options: unknown, names: OptionNames<Options>): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(
      'unknown-option',
      `${call} takes its options as an object, not as ${JSON.stringify(options)}`,
    );
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
  if (unknown === undefined) return;
  const known = Object.keys(names);
  const near = nearName(unknown, known);
  const hint = near === undefined ? `it has ${known.join(', ')}` : `${near} may be meant`;
  throw new UsageError('unknown-option', `${call} has no option ${unknown}; ${hint}`);
}

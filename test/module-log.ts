/**
 * Source of a module loader hook that prints the address of every module a process loads on its stderr, one a line.
 * To be written to a file and given to `register` of `node:module`.
 */
export const MODULE_LOG_HOOK = `
import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  writeSync(2, url + '\\n');
  return next(url, context);
}`;

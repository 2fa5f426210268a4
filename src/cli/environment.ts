import { nearName } from '../near-name.js';
import type { Context } from './context.js';

/** The variables that are read, here or in the library. */
const KNOWN = ['DICM_MODEL', 'DICM_MODEL_PATH', 'DICM_ONNX_PROVIDERS', 'DICM_VTM_CONFIG'];

/** Those of the project's own checks, in whose environment the program runs too. */
const OF_CHECKS = ['DICM_CI_VENV', 'DICM_FUZZ_STREAMS', 'DICM_PYTHON'];

/** Warns of variables that look as if they were meant for this program, and change nothing. */
export function warnOfVariables({ reporter, terminal }: Pick<Context, 'reporter' | 'terminal'>): void {
  const unknown = Object.keys(terminal.env).filter(
    (name) => name.startsWith('DICM_') && !KNOWN.includes(name) && !OF_CHECKS.includes(name),
  );
  if (unknown.length === 0) return;
  const described = unknown.sort().map((name) => {
    const near = nearName(name, KNOWN);
    return near === undefined ? name : `${name} (${near} may be meant)`;
  });
  reporter.warn(
    `the environment has ${described.join(', ')}, which mean nothing to dicm; it reads ${KNOWN.join(', ')}`,
  );
}

import { spawnSync } from 'node:child_process';

/** Python to try files with: `$DICM_PYTHON`, or what the shell finds. */
const PYTHON = process.env.DICM_PYTHON ?? 'python3';

/** Why Python cannot be asked; `undefined` where it can. */
export function whyNoPython(...modules: string[]): string | undefined {
  const { status } = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`]);
  return status === 0 ? undefined : `${PYTHON} has no ${modules.join(', ')}; $DICM_PYTHON names another one`;
}

/** Runs a script and parses the JSON that it prints. */
export function askPython(script: string, ...args: string[]): unknown {
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

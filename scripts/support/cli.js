import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/dicm.js', import.meta.url));

/** Runs the command line and returns its --json lines as objects; rejects when it fails. */
export async function runCli(args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const objects = [];
  for await (const line of createInterface({ input: child.stdout })) objects.push(JSON.parse(line));
  const code = await new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`dicm ${args[0]} ended with exit code ${code}`);
  return objects;
}

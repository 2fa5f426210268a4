// Keeps the container reader of an earlier release as one file without dependencies, for tests of what that reader
// does with files written today:
//   node scripts/make-reader.js COMMIT fixtures/readers/NAME.js
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {string} commit
 * @param {string} output
 */
async function makeReader(commit, output) {
  const folder = mkdtempSync(join(tmpdir(), 'dicm-reader-'));
  try {
    const archive = execFileSync('git', ['archive', commit, 'src', 'package.json'], {
      cwd: ROOT,
      maxBuffer: 2 ** 28,
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    const version = execFileSync('git', ['show', `${commit}:package.json`], { cwd: ROOT, encoding: 'utf8' });
    const full = execFileSync('git', ['rev-parse', commit], { cwd: ROOT, encoding: 'utf8' }).trim();
    await build({
      // Names of sources in the output are relative to this folder: the same each time.
      cwd: folder,
      input: 'src/container/index.ts',
      platform: 'neutral',
      output: {
        file: resolve(output),
        banner: `// The container entry of dicm ${JSON.parse(version).version}, commit ${full}, made by scripts/make-reader.js; do not edit.`,
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [commit, output] = process.argv.slice(2);
if (commit === undefined || output === undefined) {
  process.stderr.write('usage: node scripts/make-reader.js COMMIT OUTPUT\n');
  process.exitCode = 2;
} else {
  await makeReader(commit, output);
}

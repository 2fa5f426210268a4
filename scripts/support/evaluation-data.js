import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Folder `<name>/` of the evaluation data, unpacked from its archives if need be. The data is looked for in
 * `$DICM_DATA` and in `../shared/data` beside the repository.
 *
 * @returns {Promise<string | undefined>} undefined, with the reason printed, when the data is not there
 */
export async function unpackEvaluationData(name) {
  const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
  const root = process.env.DICM_DATA ?? beside;
  if (existsSync(join(root, name))) return join(root, name);
  const archives = [`${name}.tar`, `${name}-1.tar`, `${name}-2.tar`].filter((file) =>
    existsSync(join(root, file)),
  );
  if (archives.length === 0) {
    console.log(`skipped: no evaluation data (${name}/ or ${name}.tar) in $DICM_DATA or ../shared/data`);
    return undefined;
  }
  const target = join(tmpdir(), 'dicm-evaluation-data');
  if (!existsSync(join(target, name))) {
    mkdirSync(target, { recursive: true });
    for (const file of archives) execFileSync('tar', ['-xf', join(root, file), '-C', target]);
  }
  return join(target, name);
}

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * Looks for a program in the folders of a PATH.
 *
 * @param searchPath - Value of `$PATH`.
 * @returns Its path; undefined where no folder has it.
 */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  for (const folder of searchPath.split(delimiter)) {
    if (folder === '') continue;
    for (const candidate of names) {
      const path = join(folder, candidate);
      const usable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (usable) return path;
    }
  }
  return undefined;
}

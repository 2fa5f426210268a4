import { dirname, join, parse, sep } from 'node:path';
import { isPictureName } from './expand-inputs.js';
import { listNames } from './file-names.js';

/**
 * Looks for the photograph of a .dicm file: a picture of its name, beside it or below a folder of photographs.
 *
 * @param on - Folder of photographs, with the same folders in it as those of the files, from any of them downwards.
 */
export async function findPhotograph(file: string, on: string | undefined): Promise<string | undefined> {
  const { dir, name } = parse(file);
  if (on === undefined) return pictureIn(dir === '' ? '.' : dir, name);
  const folders = dirname(file)
    .split(sep)
    .filter((part) => part !== '' && part !== '.' && part !== '..');
  for (let skipped = 0; skipped <= folders.length; skipped++) {
    const found = await pictureIn(join(on, ...folders.slice(skipped)), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The picture in a folder that a .dicm file of a name was made from: `a.dicm` of `a.jpg`, or `a.jpg.dicm`. */
async function pictureIn(folder: string, name: string): Promise<string | undefined> {
  const pictures = (await listNames(folder)).filter(isPictureName).sort();
  const wanted = name.normalize('NFC');
  const found =
    pictures.find((entry) => entry.normalize('NFC') === wanted) ??
    pictures.find((entry) => parse(entry).name.normalize('NFC') === wanted);
  return found === undefined ? undefined : join(folder, found);
}

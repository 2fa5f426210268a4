import { stat } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { UsageError } from '../errors.js';
import { type Input, type Inputs, isPictureName } from './expand-inputs.js';
import { listNames } from './file-names.js';
import { type PlannedOutput, planOutputs } from './plan-outputs.js';
import { STANDARD } from './terminal.js';

/** Where an overlay goes and what it is drawn on. */
export interface PlannedOverlay extends PlannedOutput {
  /** Path of the source picture; a plain canvas if there is none. */
  source: string | undefined;
}

/**
 * Decides for every input, before any work, where its overlay goes and on which picture it is drawn.
 *
 * @param option - Value of `--overlay`: a PNG file, or a folder.
 * @param on - Value of `--on`: a picture, or a folder in which each source has the name of its .dicm file.
 * @throws UsageError `overlay-not-png`, `overlay-stdout`, `overlay-source-missing`, `overlay-source-ambiguous`, and
 *   what `planOutputs` throws
 */
export async function planOverlays(
  given: Pick<Inputs, 'inputs' | 'isOpen'>,
  option: string,
  on: string | undefined,
): Promise<PlannedOverlay[]> {
  if (option === STANDARD)
    throw new UsageError('overlay-stdout', 'results go to stdout; name a file for the overlay');
  const planned = await planOutputs(given, option, { extension: '.png' });
  for (const { output } of planned) {
    if (extname(output).toLowerCase() !== '.png') {
      throw new UsageError(
        'overlay-not-png',
        `${output}: overlays are PNG files; give it a name ending in .png`,
      );
    }
  }
  const find = on === undefined ? async () => undefined : await sourceFinder(given, on);
  return Promise.all(planned.map(async (plan) => ({ ...plan, source: await find(plan.input) })));
}

async function sourceFinder(
  { inputs, isOpen }: Pick<Inputs, 'inputs' | 'isOpen'>,
  on: string,
): Promise<(input: Input) => Promise<string | undefined>> {
  const isFolder = (await stat(on).catch(() => undefined))?.isDirectory() === true;
  if (!isFolder && (isOpen || inputs.length > 1)) {
    throw new UsageError(
      'overlay-source-missing',
      `${on} is no folder; with several inputs --on takes the folder that holds their sources`,
    );
  }
  return isFolder ? (input) => sourceInFolder(on, input) : async () => on;
}

/** The picture below `folder` that has the input's name and lies in the same subfolder. */
async function sourceInFolder(folder: string, { path, relative }: Input): Promise<string> {
  const place = join(folder, dirname(relative));
  const { name } = parse(relative);
  const entries = path === STANDARD ? [] : await listNames(place);
  // A file may have kept the extension of its source, which then says which one it is.
  const pictures = entries.filter(isPictureName);
  // Letters with accents are one character or two, which differs between file systems.
  const isName = (text: string) => text.normalize('NFC') === name.normalize('NFC');
  const exact = pictures.filter(isName);
  const found = exact.length > 0 ? exact : pictures.filter((entry) => isName(parse(entry).name));
  if (found.length === 0) {
    throw new UsageError('overlay-source-missing', `${path}: ${place} has no picture named ${name}`);
  }
  if (found.length > 1) {
    throw new UsageError(
      'overlay-source-ambiguous',
      `${path}: its source may be ${found.sort().join(' or ')} in ${place}`,
    );
  }
  return join(place, found[0]!);
}

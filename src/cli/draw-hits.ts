import { basename } from 'node:path';
import type { PictureIndex, SearchHit, SheetPicture } from '../index.js';
import { type Context, streamsOf } from './context.js';
import { findPhotograph } from './find-shown.js';
import { pathFromIndex } from './index-paths.js';
import { readPicture } from './read-input.js';
import { openViewPictures } from './view-pictures.js';
import { writeOutput } from './write-output.js';

/** Pictures of a sheet at most: more are no overview. */
const MOST_PICTURES = 100;

/**
 * Draws what was found as a contact sheet: photographs where they are, otherwise the pictures of view layers, or else boxes of
 * objects on a plain canvas, which is what an index knows of a picture.
 *
 * @param groups - Of copies; one of all hits otherwise.
 */
export async function drawHits(
  context: Context,
  index: PictureIndex,
  groups: readonly (readonly SearchHit[])[],
  { sheet, on, force = false }: { sheet?: string; on?: string; force?: boolean },
): Promise<void> {
  const { reporter, signal, options } = context;
  const { drawOverlay, drawSheet } = await import('../index.js');
  const hits = groups.flatMap((group, g) =>
    group.map((hit) => ({ hit, group: groups.length > 1 ? g + 1 : 0 })),
  );
  if (hits.length > MOST_PICTURES) {
    reporter.warn(`the sheet shows the first ${MOST_PICTURES} of ${hits.length} files; --top takes fewer`);
  }
  const pictures: SheetPicture[] = [];
  const views = openViewPictures(context);
  let missing = 0;
  /** What is shown of a file. */
  const pictureOf = async (hit: SearchHit, file: string): Promise<Uint8Array | string> => {
    const photograph = await findPhotograph(file, on);
    if (photograph !== undefined) return readPicture(streamsOf(context), photograph);
    const view = await views.pictureOf(file);
    if (view === undefined) missing++;
    return view ?? drawOverlay({ ...hit, detections: hit.objects }, { signal });
  };
  try {
    for (const { hit, group } of hits.slice(0, MOST_PICTURES)) {
      signal.throwIfAborted();
      const file = pathFromIndex(index.path, hit.path);
      const [best] = hit.classes;
      const first = [group === 0 ? '' : `${group}:`, hit.distance?.toFixed(4) ?? '', best?.label ?? ''];
      const caption = [first.filter((part) => part !== '').join(' '), basename(file)];
      pictures.push({ picture: await pictureOf(hit, file), caption });
    }
  } finally {
    await views.dispose();
  }
  if (missing > 0) {
    reporter.say(
      `${missing} photographs were not found; the sheet has the objects of these files. --on names their folder`,
    );
  }
  const png = await drawSheet(pictures, { limits: options.limit, signal });
  await writeOutput(sheet!, png, { force, signal });
  reporter.say(`${sheet}  ${pictures.length} pictures`);
}

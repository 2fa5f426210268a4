import { bpg } from './bpg.js';
import { VIEW_CODEC } from './dicm-view.js';
import { hevc } from './hevc.js';
import { jpegXl } from './jpeg-xl.js';
import { jpeg2000 } from './jpeg2000.js';
import type { MissingCodec, PictureCodec } from './picture-codec.js';
import { openProgramCodec, type ProgramCodec } from './program-codec.js';
import { sharpCodecs } from './sharp-codecs.js';
import { vtm } from './vtm.js';
import { vvc } from './vvc.js';

/** Codecs that need programs, in the order of reports. */
const PROGRAM_CODECS: readonly ProgramCodec[] = [jpeg2000, hevc, bpg, jpegXl, vvc, vtm];

/** What this machine can compare with. */
export interface FoundCodecs {
  readonly found: readonly PictureCodec[];
  readonly missing: readonly MissingCodec[];
}

/** Ids of the picture codecs that the benchmark knows, found or not. */
export function knownCodecIds(): string[] {
  return [VIEW_CODEC, 'jpeg', 'webp', 'avif', ...PROGRAM_CODECS.map(({ id }) => id)];
}

/**
 * Looks for picture codecs: those of the image library are always there, the others when their programs are, and dicm's
 * own where it has a model.
 *
 * @param searchPath - Folders to look for programs in, as in `$PATH`.
 * @param wanted - Ids to look for; all unless given.
 * @param openView - Opens dicm's view layer; without it that takes no part.
 */
export async function findCodecs(
  searchPath: string,
  wanted?: readonly string[],
  openView?: () => Promise<PictureCodec | MissingCodec>,
): Promise<FoundCodecs> {
  const isWanted = ({ id }: { id: string }) => wanted === undefined || wanted.includes(id);
  const view = openView !== undefined && isWanted({ id: VIEW_CODEC }) ? [await openView()] : [];
  const programs = PROGRAM_CODECS.filter(isWanted).map((codec) => openProgramCodec(codec, searchPath));
  const found: PictureCodec[] = [];
  const missing: MissingCodec[] = [];
  for (const codec of [...view, ...sharpCodecs().filter(isWanted), ...(await Promise.all(programs))]) {
    if ('encode' in codec) found.push(codec);
    else missing.push(codec);
  }
  return { found, missing };
}

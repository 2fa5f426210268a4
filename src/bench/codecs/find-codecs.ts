import { bpg } from './bpg.js';
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
  return ['jpeg', 'webp', 'avif', ...PROGRAM_CODECS.map(({ id }) => id)];
}

/**
 * Looks for picture codecs: those of the image library are always there, the others when their programs are.
 *
 * @param searchPath - Folders to look for programs in, as in `$PATH`.
 * @param wanted - Ids to look for; all unless given.
 */
export async function findCodecs(searchPath: string, wanted?: readonly string[]): Promise<FoundCodecs> {
  const isWanted = ({ id }: { id: string }) => wanted === undefined || wanted.includes(id);
  const opened = await Promise.all(
    PROGRAM_CODECS.filter(isWanted).map((codec) => openProgramCodec(codec, searchPath)),
  );
  const found: PictureCodec[] = sharpCodecs().filter(isWanted);
  const missing: MissingCodec[] = [];
  for (const codec of opened) {
    if ('encode' in codec) found.push(codec);
    else missing.push(codec);
  }
  return { found, missing };
}

import { openViewCodec, VIEW_CODEC } from '../bench/codecs/dicm-view.js';
import { findCodecs, knownCodecIds } from '../bench/codecs/find-codecs.js';
import type { PictureCodec } from '../bench/codecs/picture-codec.js';
import { openModelShelf } from '../codec/model-shelf.js';
import { UsageError } from '../errors.js';
import { nodePlatform } from '../platform/node/node-platform.js';
import { codecOver } from '../session/open-codec.js';
import type { MakeStudyOptions } from './study-options.js';

/** Compared unless others are asked for. */
const DEFAULT_CODECS = [VIEW_CODEC, 'jpeg', 'webp', 'avif', 'jpeg2000', 'hevc'];

/** Codecs of a study, open. */
export interface StudyCodecs {
  readonly found: readonly PictureCodec[];
  dispose(): Promise<void>;
}

/**
 * Opens the codecs that are asked for, as far as this machine has them.
 *
 * @throws UsageError `unknown-codec`; `bad-study` where fewer than two are there; ModelError; BackendError
 */
export async function openStudyCodecs(options: MakeStudyOptions): Promise<StudyCodecs> {
  const { codecs = DEFAULT_CODECS, searchPath = process.env.PATH ?? '', onNote } = options;
  const { model, threads, limits, backend = 'auto' } = options;
  const wanted = codecs.map((id) => (id === 'view' ? VIEW_CODEC : id));
  const known = knownCodecIds();
  const unknown = wanted.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new UsageError('unknown-codec', `there is no codec ${unknown}; there are: ${known.join(', ')}`);
  }
  const shelf = openModelShelf({ platform: nodePlatform, model, threads, backend });
  const view = codecOver(shelf, limits);
  try {
    const { found, missing } = await findCodecs(searchPath, wanted, () => openViewCodec(view, shelf));
    for (const { name, reason } of missing) onNote?.(`${name} is missing: ${reason}`);
    if (found.length < 2) {
      const there = found.map(({ name }) => name).join() || 'none';
      throw new UsageError(
        'bad-study',
        `a study compares at least two codecs, and of those asked for there is ${there}`,
      );
    }
    return { found, dispose: view.dispose };
  } catch (error) {
    await view.dispose();
    throw error;
  }
}

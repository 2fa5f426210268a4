import type { AncillarySection } from '../container/dicm-file.js';
import { TAG_EXIF, TAG_ICC, tagName } from '../container/section-kinds.js';
import { UsageError } from '../errors.js';
import { exifHasPlace, uprightExif } from '../image/exif.js';
import type { Picture } from '../image/picture.js';
import { checkLimit, type Limits } from '../limits.js';
import type { MetadataChoice } from './encode-options.js';

const CHOICES: readonly MetadataChoice[] = ['none', 'icc', 'exif', 'all'];

/** @throws UsageError `bad-metadata` */
export function checkMetadata(choice: MetadataChoice): MetadataChoice {
  if (CHOICES.includes(choice)) return choice;
  throw new UsageError(
    'bad-metadata',
    `metadata must be one of ${CHOICES.join(', ')}, not ${String(choice)}`,
  );
}

/**
 * The metadata of a picture as sections of its file (format-spec/v1/dicm-v1.md, section 5), and what is to be said about
 * it: nothing of it is lost, and no place kept, without a word. The orientation in Exif becomes 1, since the coded picture is
 * upright.
 *
 * @throws LimitError when it is larger than a reader with these limits would accept.
 */
export function metadataSections(
  { icc, exif }: Pick<Picture, 'icc' | 'exif'>,
  choice: MetadataChoice,
  limits: Limits,
): { sections: AncillarySection[]; notes: string[] } {
  const notes: string[] = [];
  const sections: AncillarySection[] = [];
  const keep = (tag: number, data: Uint8Array) => sections.push({ tag, name: tagName(tag), data });
  if (choice === 'icc' || choice === 'all') {
    if (icc === undefined) notes.push('no colour profile was found to keep');
    else keep(TAG_ICC, icc);
  }
  if (choice === 'exif' || choice === 'all') {
    const upright = exif === undefined ? undefined : uprightExif(exif);
    if (upright === undefined) notes.push('no Exif metadata was found to keep');
    else {
      keep(TAG_EXIF, upright);
      const place = exifHasPlace(upright) ? ', with the place where the photograph was taken' : '';
      notes.push(`Exif metadata kept${place}`);
    }
  } else if (exif !== undefined) {
    notes.push('Exif metadata left out; metadata exif (--metadata exif) keeps it');
  }
  const bytes = sections.reduce((sum, { data }) => sum + data.length, 0);
  checkLimit(limits, 'maxAncillaryBytes', bytes, 'The metadata to keep, in bytes,');
  return { sections, notes };
}

import { FormatError, UnsupportedError } from '../errors.js';

/** Major version of the format that this program writes, and the newest it reads. */
export const VERSION_MAJOR = 1;

/** Newest minor version of the format that this program knows. */
export const VERSION_MINOR = 1;

/** Minor version of a file of one layer: it needs nothing that the first readers did not know. */
export const PLAIN_MINOR_VERSION = 0;

/** First minor version with layers and prefix check. */
export const LAYERS_MINOR_VERSION = 1;

/** First minor version with a digest. */
export const DIGEST_MINOR_VERSION = 1;

/** Offset of the version byte: the same in every version of the format. */
export const VERSION_OFFSET = 5;

/**
 * Checks the major version (format-spec/v1/dicm-v1.md, section 3). A newer minor version opens.
 *
 * @param intact - Whether the checksum of this version of the format holds, to phrase the error.
 * @throws UnsupportedError `newer-version` for a newer major version.
 * @throws FormatError `bad-version` for version 0, which never existed.
 */
export function checkVersion(major: number, minor: number, intact: boolean): void {
  if (major === 0) {
    throw new FormatError('bad-version', 'Format version 0 does not exist; the file is damaged', {
      offset: VERSION_OFFSET,
      section: 'version',
    });
  }
  if (major > VERSION_MAJOR) {
    const doubt = intact
      ? ''
      : '; or it is damaged, since its checksum does not hold by the rules known here';
    throw new UnsupportedError(
      'newer-version',
      `The file is format version ${major}.${minor} but this program reads up to ${VERSION_MAJOR}.x${doubt}`,
    );
  }
}

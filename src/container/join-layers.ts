import { UsageError } from '../errors.js';
import type { Limits } from '../limits.js';
import { readDicm } from './read-dicm.js';
import { findDigest } from './section-kinds.js';
import { writeDicm } from './write-dicm.js';

/**
 * A file with the layers of two: that of the second behind those of the first. What the second file states about its
 * photograph, and its metadata, are not taken (format-spec/v1/dicm-v1.md, section 12), nor is a digest of the first, which
 * would not be of the result. `stripLayer` is the way back.
 *
 * @param first - Whose header and ancillary sections stay.
 * @param second - A file of one layer, of the same photograph.
 * @param limits - Overrides of `defaultLimits`.
 * @throws UsageError `bad-structure` when the second has several layers, when they are not of the same photograph as far
 *   as their headers say, or when the format does not allow the order.
 * @throws FormatError, UnsupportedError, LimitError as `readDicm`.
 */
export function joinLayers(first: Uint8Array, second: Uint8Array, limits?: Partial<Limits>): Uint8Array {
  const [file, { header, tiles, layers: more = [] }] = [readDicm(first, limits), readDicm(second, limits)];
  const { sourceWidth, sourceHeight } = file.header;
  if (more.length > 0) {
    throw new UsageError('bad-structure', 'Cannot join layers: the second file has several layers itself');
  }
  if (header.sourceWidth !== sourceWidth || header.sourceHeight !== sourceHeight) {
    throw new UsageError(
      'bad-structure',
      `Cannot join layers: one is of a photograph of ${sourceWidth} x ${sourceHeight} pixels, the other of ` +
        `${header.sourceWidth} x ${header.sourceHeight}`,
    );
  }
  const { profile, width, height, qualityPosition, decodeId, renderId } = header;
  const layer = { profile, width, height, qualityPosition, decodeId, renderId, tiles };
  const digest = findDigest(file.ancillary, file.header.versionMinor);
  const ancillary = file.ancillary.filter((section) => section !== digest);
  return writeDicm({ ...file, ancillary, layers: [...(file.layers ?? []), layer] });
}

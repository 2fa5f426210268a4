import { openWriter, writeBytes, writeU32Be, writtenBytes } from '../bytes/byte-writer.js';
import { crc32 } from '../bytes/crc32.js';
import { UsageError } from '../errors.js';
import type { Limits } from '../limits.js';
import { readLayout } from './layout.js';
import { type LayerName, profileOfLayer } from './profiles.js';
import { findDigest, type SectionPlace, TAG_LAYER } from './section-kinds.js';
import { LAYERS_MINOR_VERSION, PLAIN_MINOR_VERSION, VERSION_OFFSET } from './version.js';

/**
 * The file without one of its further layers: the bytes that would have been written had there never been one. With
 * the last layer goes what only layers need, the check of the first layer and the minor version; everything else,
 * understood or not, stays as it is (format-spec/v1/dicm-v1.md, section 12.5), but for a digest, which is of the file
 * with the layer: `addDigest` makes one of what is left.
 *
 * @param name - Which layer to leave out.
 * @param limits - Overrides of `defaultLimits`.
 * @throws UsageError `first-layer` for the layer that the header describes, without which there is no file;
 *   `missing-layer` for one that the file does not have; `bad-layer` for a name that no layer has.
 * @throws FormatError, UnsupportedError, LimitError as `readDicm`.
 */
export function stripLayer(bytes: Uint8Array, name: LayerName, limits?: Partial<Limits>): Uint8Array {
  const profile = profileOfLayer(name);
  const { header, sections, layers, prefixCheck } = readLayout(bytes, limits);
  if (profile === header.profile) {
    throw new UsageError('first-layer', `The ${name} layer is the file's first: without it there is no file`);
  }
  const layer = layers.find((candidate) => candidate.header.profile === profile);
  if (layer === undefined) throw new UsageError('missing-layer', `The file has no ${name} layer`);

  const left: SectionPlace[] = [layer.section];
  const layersLeft = sections.filter(({ tag }) => tag === TAG_LAYER).length - 1;
  if (layersLeft === 0 && prefixCheck !== undefined) left.push(prefixCheck);
  const digest = findDigest(sections, header.versionMinor);
  if (digest !== undefined) left.push(digest);
  const kept = sections.filter((section) => !left.includes(section));
  const writer = openWriter(bytes.length);
  writeBytes(writer, bytes.subarray(0, sections[0]!.offset));
  for (const { offset, dataOffset, dataBytes } of kept) {
    writeBytes(writer, bytes.subarray(offset, dataOffset + dataBytes));
  }
  if (layersLeft === 0 && header.versionMinor === LAYERS_MINOR_VERSION) {
    writer.buffer[VERSION_OFFSET] = header.versionMajor * 16 + PLAIN_MINOR_VERSION;
  }
  writeU32Be(writer, crc32(writtenBytes(writer)));
  return writtenBytes(writer).slice();
}

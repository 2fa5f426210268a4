import { measureBits } from '../codec/bit-map.js';
import { decodeTiles, featureExtents, featureRows } from '../codec/decode-picture.js';
import { joinLatents } from '../codec/join-latents.js';
import { regionOf } from '../codec/region.js';
import { checkLimit } from '../limits.js';
import type { Codec, FeatureStream } from './codec.js';
import type { Session } from './session.js';

/** The calls of a codec that decode, and answer nothing yet. */
export function decodingCalls(
  session: Session,
): Pick<Codec, 'decodeFeatures' | 'streamFeatures' | 'decodeLatents' | 'verify' | 'measureBits'> {
  const { limits } = session;
  const streamFeatures: Codec['streamFeatures'] = async (bytes, { region, ...hooks } = {}) => {
    const { file, open, using, layer } = await session.openFile(bytes);
    const area = regionOf(region, file.header);
    const { height, width, channels, rowsAtOnce } = featureExtents(area, open.model.tensors);
    const what = 'The size in bytes of the features of one row of tiles';
    checkLimit(limits, 'maxArrayBytes', 4 * rowsAtOnce * width * channels, what);
    const rows = featureRows(open, layer, area, session.work(hooks));
    return { ...using, height, width, channels, area, backend: await session.backendName(), rows };
  };
  return {
    streamFeatures,
    decodeFeatures: async (bytes, options) => {
      const { rows, ...stream } = await streamFeatures(bytes, options);
      const length = stream.height * stream.width * stream.channels;
      const what = 'The size of the features in bytes (streamFeatures hands over some rows at a time)';
      checkLimit(limits, 'maxArrayBytes', 4 * length, what);
      return { ...stream, data: await joinRows(rows, length) };
    },
    decodeLatents: async (bytes, hooks = {}) => {
      const { open, using, layer } = await session.openFile(bytes);
      return { ...using, ...(await joinLatents(open.latents, layer, limits, session.work(hooks))) };
    },
    verify: async (bytes, hooks = {}) => {
      const { open, layer } = await session.openFile(bytes);
      for await (const _ of decodeTiles(open.latents, layer, session.work(hooks)));
    },
    measureBits: async (bytes, hooks = {}) => {
      const { open, using, layer } = await session.openFile(bytes);
      return { ...using, ...(await measureBits(open.latents, layer, session.work(hooks))) };
    },
  };
}

async function joinRows(rows: FeatureStream['rows'], length: number): Promise<Float32Array> {
  let data: Float32Array | undefined;
  let filled = 0;
  for await (const piece of rows) {
    // Only now: what a header claims costs memory when the first tiles have shown that there is something.
    data ??= new Float32Array(length);
    data.set(piece, filled);
    filled += piece.length;
  }
  // A file has at least one tile, so there was a piece.
  return data!;
}

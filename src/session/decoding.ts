import { measureBits } from '../codec/bit-map.js';
import type { CallHooks } from '../codec/call-hooks.js';
import { decodeRows, rebuiltExtents } from '../codec/decode-picture.js';
import { joinLatents } from '../codec/join-latents.js';
import { regionOf } from '../codec/region.js';
import { TAG_ICC } from '../container/section-kinds.js';
import { UsageError } from '../errors.js';
import { checkLimit } from '../limits.js';
import { featureLayers } from '../profiles/feature-layers.js';
import type { Synthesis } from '../profiles/profile.js';
import type { Codec, FeatureStream, RegionOptions } from './codec.js';
import type { OpenFile, Session } from './session.js';

/** The calls of a codec that rebuild what a layer stands for: features, or a picture. */
export function rebuildingCalls(
  session: Session,
): Pick<Codec, 'decodeFeatures' | 'streamFeatures' | 'decodePicture' | 'streamPicture'> {
  const { limits } = session;
  const streamFeatures: Codec['streamFeatures'] = async (
    bytes,
    { prefix, layer = 'f3', ...options } = {},
  ) => {
    if (!Object.hasOwn(featureLayers, layer)) {
      const known = Object.keys(featureLayers).join(', ');
      throw new UsageError('bad-feature-layer', `there are no features of ${layer}; choose one of ${known}`);
    }
    const opened = await session.openFile(bytes, { result: 'features', prefix });
    return streamRows(session, opened, featureLayers[layer], options);
  };
  const streamPicture: Codec['streamPicture'] = async (bytes, options = {}) => {
    const opened = await session.openFile(bytes, { result: 'picture' });
    const { open, layer, ancillary } = opened;
    const {
      rows,
      channels: _,
      ...stream
    } = await streamRows(session, opened, open.profile.synthesis, options);
    const icc = ancillary.find(({ tag }) => tag === TAG_ICC)?.data;
    const size = { codedHeight: layer.height, codedWidth: layer.width };
    return { ...stream, ...size, ...(icc && { icc }), rows: samples(rows) };
  };
  return {
    streamFeatures,
    streamPicture,
    decodeFeatures: async (bytes, options) => {
      const { rows, ...stream } = await streamFeatures(bytes, options);
      const length = stream.height * stream.width * stream.channels;
      const what = 'The size of the features in bytes (streamFeatures hands over some rows at a time)';
      checkLimit(limits, 'maxArrayBytes', 4 * length, what);
      return { ...stream, data: await joinRows(rows, length) };
    },
    decodePicture: async (bytes, options = {}) => {
      const { rows, ...stream } = await streamPicture(bytes, options);
      const length = stream.height * stream.width * 3;
      const what = 'The size of the picture in bytes (streamPicture hands over some rows at a time)';
      checkLimit(limits, 'maxArrayBytes', length, what);
      return { ...stream, data: await joinRows(rows, length) };
    },
  };
}

/** The calls of a codec that decode integers alone: no network runs. */
export function latentCalls(session: Session): Pick<Codec, 'decodeLatents' | 'measureBits'> {
  return {
    decodeLatents: async (bytes, { prefix, ...hooks } = {}) => {
      const { open, using, layer } = await session.openFile(bytes, { prefix });
      const work = session.work(hooks);
      return { ...using, ...(await joinLatents(open.latents, layer, session.limits, work)) };
    },
    measureBits: async (bytes, hooks = {}) => {
      const { open, using, layer } = await session.openFile(bytes);
      return { ...using, ...(await measureBits(open.latents, layer, session.work(hooks))) };
    },
  };
}

/** What a layer rebuilds of a region, some rows at a time. */
async function streamRows(
  session: Session,
  { using, open, layer }: OpenFile,
  synthesis: Synthesis,
  { region, ...hooks }: CallHooks & RegionOptions,
): Promise<FeatureStream> {
  const { sourceWidth, sourceHeight } = using.header;
  const area = regionOf(region, { ...layer, sourceWidth, sourceHeight }, synthesis.stride);
  await open.model.tensorsFor(synthesis.network.reads ?? []);
  const { height, width, channels, rowsAtOnce } = rebuiltExtents(synthesis, open, area);
  const what = `The size in bytes of the ${open.profile.result} of one row of tiles`;
  checkLimit(session.limits, 'maxArrayBytes', 4 * rowsAtOnce * width * channels, what);
  const rows = decodeRows(open, layer, area, synthesis, session.work(hooks));
  return { ...using, height, width, channels, area, backend: await session.backendName(), rows };
}

/** 8-bit samples of values from 0 to 1. */
async function* samples(rows: AsyncIterable<Float32Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of rows) {
    const bytes = new Uint8Array(piece.length);
    // Writing to an array of bytes cuts fractions off, so this rounds: several times faster than Math.round.
    for (let i = 0; i < piece.length; i++) bytes[i] = 255 * piece[i]! + 0.5;
    yield bytes;
  }
}

/** Joins pieces to an array of their kind. */
async function joinRows<A extends Float32Array | Uint8Array>(
  rows: AsyncIterable<A>,
  length: number,
): Promise<A> {
  let data: A | undefined;
  let filled = 0;
  for await (const piece of rows) {
    // Only now: what a header claims costs memory when the first tiles have shown that there is something.
    data ??= new (piece.constructor as new (length: number) => A)(length);
    data.set(piece, filled);
    filled += piece.length;
  }
  // A file has at least one tile, so there was a piece.
  return data!;
}

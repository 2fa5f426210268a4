import { measureBits } from '../codec/bit-map.js';
import type { CallHooks } from '../codec/call-hooks.js';
import { decodeRows, decodeTiles, rebuiltExtents } from '../codec/decode-picture.js';
import { joinLatents } from '../codec/join-latents.js';
import type { OpenModel } from '../codec/model-shelf.js';
import { regionOf } from '../codec/region.js';
import { checkDigest } from '../container/digest.js';
import { ModelError, UsageError } from '../errors.js';
import { checkLimit } from '../limits.js';
import { featureLayers } from '../profiles/feature-layers.js';
import type { Synthesis } from '../profiles/profile.js';
import type { Codec, FeatureStream, RegionOptions, VerifiedLayer } from './codec.js';
import type { FileLayer, OpenFile, Session } from './session.js';

/** The calls of a codec that decode, and answer nothing yet. */
export function decodingCalls(
  session: Session,
): Pick<
  Codec,
  'decodeFeatures' | 'streamFeatures' | 'decodePicture' | 'decodeLatents' | 'verify' | 'measureBits'
> {
  const { limits, platform } = session;
  /** What a layer rebuilds of a region, some rows at a time. */
  const streamRows = async (
    { using, open, layer }: OpenFile,
    synthesis: Synthesis,
    { region, ...hooks }: CallHooks & RegionOptions,
  ) => {
    const { sourceWidth, sourceHeight } = using.header;
    const area = regionOf(region, { ...layer, sourceWidth, sourceHeight }, synthesis.stride);
    const { height, width, channels, rowsAtOnce } = rebuiltExtents(synthesis, open, area);
    const what = `The size in bytes of the ${open.profile.result} of one row of tiles`;
    checkLimit(limits, 'maxArrayBytes', 4 * rowsAtOnce * width * channels, what);
    const rows = decodeRows(open, layer, area, synthesis, session.work(hooks));
    return { ...using, height, width, channels, area, backend: await session.backendName(), rows };
  };
  const streamFeatures: Codec['streamFeatures'] = async (
    bytes,
    { prefix, layer = 'f3', ...options } = {},
  ) => {
    if (!Object.hasOwn(featureLayers, layer)) {
      const known = Object.keys(featureLayers).join(', ');
      throw new UsageError('bad-feature-layer', `there are no features of ${layer}; choose one of ${known}`);
    }
    const opened = await session.openFile(bytes, { result: 'features', prefix });
    return streamRows(opened, featureLayers[layer], options);
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
    decodePicture: async (bytes, options = {}) => {
      const opened = await session.openFile(bytes, { result: 'picture' });
      const { rows, channels, ...stream } = await streamRows(opened, opened.open.profile.synthesis, options);
      const length = stream.height * stream.width * channels;
      checkLimit(limits, 'maxArrayBytes', length, 'The size of the picture in bytes');
      let data: Uint8Array | undefined;
      let filled = 0;
      for await (const piece of rows) {
        data ??= new Uint8Array(length);
        for (let i = 0; i < piece.length; i++) data[filled++] = Math.round(255 * piece[i]!);
      }
      return { ...stream, data: data! };
    },
    decodeLatents: async (bytes, { prefix, ...hooks } = {}) => {
      const { open, using, layer } = await session.openFile(bytes, { prefix });
      return { ...using, ...(await joinLatents(open.latents, layer, limits, session.work(hooks))) };
    },
    verify: async (bytes, { prefix, ...hooks } = {}) => {
      const { layers } = session.readLayers(bytes, prefix);
      const digest = prefix ? undefined : await checkDigest(bytes, platform.sha256, limits);
      const total = layers.reduce((sum, { tiles }) => sum + tiles.length, 0);
      const verified: VerifiedLayer[] = [];
      let before = 0;
      for (const [index, layer] of layers.entries()) {
        const { profile } = layer;
        const model = await openLayer(session, layer, index > 0);
        if ('reason' in model) verified.push({ profile, proved: false, reason: model.reason });
        else {
          const onProgress = (done: number) => hooks.onProgress?.(before + done, total);
          for await (const _ of decodeTiles(model.latents, layer, session.work({ ...hooks, onProgress })));
          verified.push({ profile, proved: true });
        }
        before += layer.tiles.length;
      }
      return { layers: verified, ...(digest !== undefined && { digest }) };
    },
    measureBits: async (bytes, hooks = {}) => {
      const { open, using, layer } = await session.openFile(bytes);
      return { ...using, ...(await measureBits(open.latents, layer, session.work(hooks))) };
    },
  };
}

/** The model of a layer; or, of a further one whose model is not here, why: the others count all the same. */
async function openLayer(
  { shelf }: Session,
  layer: FileLayer,
  isFurther: boolean,
): Promise<OpenModel | { readonly reason: string }> {
  try {
    return await shelf.modelFor(layer);
  } catch (error) {
    if (!isFurther || !(error instanceof ModelError) || error.code !== 'model-missing') throw error;
    return { reason: error.message };
  }
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

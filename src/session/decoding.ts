import { measureBits } from '../codec/bit-map.js';
import type { CallHooks } from '../codec/call-hooks.js';
import { type CodedLayer, decodeTiles, featureExtents, featureRows } from '../codec/decode-picture.js';
import { joinLatents } from '../codec/join-latents.js';
import type { OpenModel } from '../codec/model-shelf.js';
import { regionOf } from '../codec/region.js';
import { ModelError, UnsupportedError } from '../errors.js';
import { checkLimit } from '../limits.js';
import type { Codec, FeatureStream, VerifiedLayer } from './codec.js';
import type { OpenFile, Session } from './session.js';

/** The calls of a codec that decode, and answer nothing yet. */
export function decodingCalls(
  session: Session,
): Pick<Codec, 'decodeFeatures' | 'streamFeatures' | 'decodeLatents' | 'verify' | 'measureBits'> {
  const { limits } = session;
  const streamFeatures: Codec['streamFeatures'] = async (bytes, { region, prefix, ...hooks } = {}) => {
    const { file, open, using, layer } = await session.openFile(bytes, { prefix });
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
    decodeLatents: async (bytes, { prefix, ...hooks } = {}) => {
      const { open, using, layer } = await session.openFile(bytes, { prefix });
      return { ...using, ...(await joinLatents(open.latents, layer, limits, session.work(hooks))) };
    },
    verify: async (bytes, { prefix, ...hooks } = {}) => {
      const opened = await session.openFile(bytes, { prefix });
      return { layers: await verifyLayers(session, opened, hooks) };
    },
    measureBits: async (bytes, hooks = {}) => {
      const { open, using, layer } = await session.openFile(bytes);
      return { ...using, ...(await measureBits(open.latents, layer, session.work(hooks))) };
    },
  };
}

/** Decodes all layers whose models are there, and checks their integers. The first one has its model. */
async function verifyLayers(
  session: Session,
  { file, open, layer: first }: OpenFile,
  hooks: CallHooks,
): Promise<VerifiedLayer[]> {
  const further = file.layers ?? [];
  const total = further.reduce((sum, { tiles }) => sum + tiles.length, first.tiles.length);
  let before = 0;
  const decode = async ({ latents }: OpenModel, layer: CodedLayer) => {
    const onProgress = (done: number) => hooks.onProgress?.(before + done, total);
    for await (const _ of decodeTiles(latents, layer, session.work({ ...hooks, onProgress })));
    before += layer.tiles.length;
  };
  await decode(open, first);
  const verified: VerifiedLayer[] = [{ profile: file.header.profile, proved: true }];
  for (const layer of further) {
    const { profile } = layer;
    const model = await session.shelf.modelFor(layer).catch(describeMissing);
    if (typeof model === 'string') verified.push({ profile, proved: false, reason: model });
    else {
      await decode(model, { ...layer, name: `${profile} layer` });
      verified.push({ profile, proved: true });
    }
  }
  return verified;
}

/** Why there is no model for a layer. @throws The error, where it says anything else */
function describeMissing(error: unknown): string {
  const isMissing = error instanceof ModelError && error.code === 'model-missing';
  if (isMissing || error instanceof UnsupportedError) return error.message;
  throw error;
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

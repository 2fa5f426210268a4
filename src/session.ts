import type { CallHooks, WorkOptions } from './codec/call-hooks.js';
import type { CodedLayer } from './codec/decode-picture.js';
import type { ModelShelf, OpenModel } from './codec/model-shelf.js';
import { shortestQuality } from './codec/shortest-quality.js';
import type { DicmFile, DicmHeader } from './container/dicm-file.js';
import { qualityToPosition } from './container/quality.js';
import { readDicm } from './container/read-dicm.js';
import { UsageError } from './errors.js';
import type { PictureArea } from './geometry.js';
import type { Picture } from './image/picture.js';
import { checkLimit, type Limits, resolveLimits } from './limits.js';
import type {
  Codec,
  CodecOptions,
  DecodedWith,
  EncodedImage,
  EncodeOptions,
  ModelIdentity,
} from './session/codec.js';
import type { SegmentedDetection } from './tasks/objects/describe-objects.js';

/** Quality of a picture for which none is asked. */
export const defaultQuality = 50;

/** A file this much below its target, as a fraction, does not count as reaching it. */
const TARGET_TOLERANCE = 0.03;

/**
 * Opens a codec. Executor and model are opened when first needed: decoding latents or verifying never loads an
 * executor.
 *
 * @throws UsageError `bad-limit`
 */
export async function openCodec(options: CodecOptions = {}): Promise<Codec> {
  const limits = resolveLimits(options.limits);
  // Nothing heavy is loaded by importing this file, so that `readInfo` starts in milliseconds.
  const { openModelShelf } = await import('./codec/model-shelf.js');
  const { nodePlatform } = await import('./platform/node/node-platform.js');
  const backend = options.backend ?? 'auto';
  return codecOver(openModelShelf({ ...options, platform: nodePlatform, backend }), limits);
}

/**
 * The codec over a shelf of models that is open already: for who needs more of the shelf than a codec shows, and
 * would otherwise open model and executor twice. The codec owns the shelf from now on and disposes of it.
 */
export function codecOver(shelf: ModelShelf, limits: Limits): Codec {
  let disposed = false;

  const openFile = async (
    bytes: Uint8Array,
  ): Promise<{ file: DicmFile; open: OpenModel; using: DecodedWith }> => {
    checkOpen();
    const file = readDicm(bytes, limits);
    const open = await shelf.modelFor(file.header);
    return { file, open, using: describeUse(file, open) };
  };
  const checkOpen = () => {
    if (disposed) throw new UsageError('disposed', 'the codec was disposed');
  };
  const work = ({ signal, onProgress }: CallHooks): WorkOptions => ({
    ...{ signal, onProgress },
    yieldTurn: shelf.platform.yieldTurn,
  });
  const backendName = async () => (await shelf.backend()).name;

  const codec: Codec = {
    openBackend: async () => {
      checkOpen();
      const { name, version, device, passedOver } = await shelf.backend();
      return { name, version, device, passedOver };
    },
    openModel: async () => {
      checkOpen();
      return identityOf(await shelf.encodingModel());
    },
    encode: async (image, encodeOptions = {}) => {
      checkOpen();
      checkRate(encodeOptions);
      const [{ loadPicture }, { defaultMaxSide }, { encodePicture }] = await Promise.all([
        import('./image/load-picture.js'),
        import('./image/fit-size.js'),
        import('./codec/encode-picture.js'),
      ]);
      const maxSide = checkMaxSide(encodeOptions.maxSide ?? defaultMaxSide);
      const picture = await loadPicture(image, { maxSide, limits, signal: encodeOptions.signal });
      const open = await shelf.encodingModel();
      const pixels = picture.width * picture.height;
      const targetBytes = targetOf(encodeOptions, pixels);
      const { bytes, position } = await encodePicture(
        open,
        picture,
        targetBytes === undefined
          ? { position: qualityToPosition(encodeOptions.quality ?? defaultQuality) }
          : { targetBytes },
        work(encodeOptions),
      );
      const result: EncodedImage = {
        bytes,
        bpp: (8 * bytes.length) / pixels,
        width: picture.width,
        height: picture.height,
        sourceWidth: picture.sourceWidth,
        sourceHeight: picture.sourceHeight,
        quality: shortestQuality(position),
        model: identityOf(open),
        backend: await backendName(),
        notes: [...picture.notes],
      };
      if (targetBytes !== undefined) {
        result.targetBytes = targetBytes;
        result.targetReached =
          bytes.length <= targetBytes && bytes.length >= (1 - TARGET_TOLERANCE) * targetBytes;
      }
      return result;
    },
    decodeFeatures: async (bytes, hooks) => {
      const { rows, ...stream } = await codec.streamFeatures(bytes, hooks);
      const length = stream.height * stream.width * stream.channels;
      const what = 'The size of the features in bytes (streamFeatures hands over some rows at a time)';
      checkLimit(limits, 'maxArrayBytes', 4 * length, what);
      let data: Float32Array | undefined;
      let filled = 0;
      for await (const piece of rows) {
        // Only now: what a header claims costs memory when the first tiles have shown that there is something.
        data ??= new Float32Array(length);
        data.set(piece, filled);
        filled += piece.length;
      }
      // A file has at least one tile, so there was a piece.
      return { ...stream, data: data! };
    },
    streamFeatures: async (bytes, hooks = {}) => {
      const { file, open, using } = await openFile(bytes);
      const { featureExtents, featureRows } = await import('./codec/decode-picture.js');
      const { codedRegion } = await import('./codec/region.js');
      const { header } = file;
      const area = hooks.region === undefined ? wholeOf(header) : codedRegion(hooks.region, header);
      const { height, width, channels, rowsAtOnce } = featureExtents(area, open.model.tensors);
      const what = 'The size in bytes of the features of one row of tiles';
      checkLimit(limits, 'maxArrayBytes', 4 * rowsAtOnce * width * channels, what);
      const rows = featureRows(open, firstLayer(file), area, work(hooks));
      return { ...using, height, width, channels, area, backend: await backendName(), rows };
    },
    decodeLatents: async (bytes, hooks = {}) => {
      const { file, open, using } = await openFile(bytes);
      const { joinLatents } = await import('./codec/join-latents.js');
      return { ...using, ...(await joinLatents(open.latents, firstLayer(file), limits, work(hooks))) };
    },
    classify: async (bytes, { top, minScore, ...hooks } = {}) => {
      const { header, model, notes, predictions, backend } = await codec.analyze(bytes, {
        ...hooks,
        ...{ tasks: ['classify'], top, minScore },
      });
      return { header, model, notes, predictions: predictions!, backend };
    },
    detect: async (bytes, { minScore, maxDetections, ...hooks } = {}) => {
      const detect = { minScore, maxDetections };
      const { detections, ...rest } = await codec.analyze(bytes, { ...hooks, tasks: ['detect'], detect });
      return { ...rest, detections: detections! };
    },
    segment: async (bytes, { minScore, maxDetections, ...hooks } = {}) => {
      const detect = { minScore, maxDetections };
      const { detections, ...rest } = await codec.analyze(bytes, { ...hooks, tasks: ['segment'], detect });
      return { ...rest, detections: detections as SegmentedDetection[] };
    },
    embed: async (bytes, hooks = {}) => {
      const { embedding, ...rest } = await codec.analyze(bytes, { ...hooks, tasks: ['embed'] });
      return { ...rest, embedding: embedding! };
    },
    analyze: async (bytes, { tasks, region, ...rest }) => {
      const [{ analysePicture }, { latentSource }, { chooseTasks }, { codedRegion }] = await Promise.all([
        import('./codec/analyse-picture.js'),
        import('./codec/picture-source.js'),
        import('./tasks/all-tasks.js'),
        import('./codec/region.js'),
      ]);
      chooseTasks(tasks, rest);
      const { file, open, using } = await openFile(bytes);
      const { header } = file;
      const area = region === undefined ? wholeOf(header) : codedRegion(region, header);
      const openSource = () => latentSource(open.latents, firstLayer(file), area);
      const answers = await analysePicture(open, openSource, header, tasks, rest);
      const [width, height] = [header.sourceWidth, header.sourceHeight];
      return { ...using, width, height, ...answers, backend: await backendName() };
    },
    analyzePixels: async (image, analyzeOptions) => {
      checkOpen();
      const [{ loadPicture }, { defaultMaxSide }, { chooseTasks }] = await Promise.all([
        import('./image/load-picture.js'),
        import('./image/fit-size.js'),
        import('./tasks/all-tasks.js'),
      ]);
      chooseTasks(analyzeOptions.tasks, analyzeOptions);
      const maxSide = checkMaxSide(analyzeOptions.maxSide ?? defaultMaxSide);
      // Before the picture is decoded: without a model that was for nothing.
      await shelf.encodingModel();
      const picture = await loadPicture(image, { maxSide, limits, signal: analyzeOptions.signal });
      return codec.analyzePicture(picture, analyzeOptions);
    },
    analyzePicture: async (picture, { tasks, ...rest }) => {
      checkOpen();
      checkPicture(picture);
      const [{ analysePicture }, { pixelSource }, { chooseTasks }] = await Promise.all([
        import('./codec/analyse-picture.js'),
        import('./codec/picture-source.js'),
        import('./tasks/all-tasks.js'),
      ]);
      chooseTasks(tasks, rest);
      const open = await shelf.encodingModel();
      const answers = await analysePicture(open, () => pixelSource(picture), picture, tasks, rest);
      return {
        width: picture.sourceWidth,
        height: picture.sourceHeight,
        ...answers,
        model: identityOf(open),
        notes: [...picture.notes],
        backend: await backendName(),
      };
    },
    verify: async (bytes, hooks = {}) => {
      const { file, open } = await openFile(bytes);
      const { decodeTiles } = await import('./codec/decode-picture.js');
      for await (const _ of decodeTiles(open.latents, firstLayer(file), work(hooks)));
    },
    measureBits: async (bytes, hooks = {}) => {
      const { file, open, using } = await openFile(bytes);
      const { measureBits } = await import('./codec/bit-map.js');
      return { ...using, ...(await measureBits(open.latents, firstLayer(file), work(hooks))) };
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await shelf.dispose();
    },
  };
  return codec;
}

function firstLayer({ header, tiles }: DicmFile): CodedLayer {
  const { width, height, qualityPosition } = header;
  return { width, height, qualityPosition, tiles };
}

function wholeOf({ width, height }: DicmHeader): PictureArea {
  return { x: 0, y: 0, width, height };
}

function describeUse({ header }: DicmFile, { model }: OpenModel): DecodedWith {
  const identity = { name: model.manifest.name, decodeId: model.decodeId, renderId: model.renderId };
  const notes =
    header.renderId === model.renderId
      ? []
      : [`encoded for render id ${header.renderId}, read with ${model.renderId} of ${identity.name}`];
  return { header, model: identity, notes };
}

function identityOf({ model }: OpenModel): ModelIdentity {
  return { name: model.manifest.name, decodeId: model.decodeId, renderId: model.renderId };
}

function targetOf({ targetBytes, targetBpp }: EncodeOptions, pixels: number): number | undefined {
  return targetBpp === undefined ? targetBytes : Math.floor((targetBpp * pixels) / 8);
}

function checkRate({ quality, targetBytes, targetBpp }: EncodeOptions): void {
  if ([quality, targetBytes, targetBpp].filter((value) => value !== undefined).length > 1) {
    throw new UsageError('rate-conflict', 'give only one of quality, targetBytes and targetBpp');
  }
  if (quality !== undefined) qualityToPosition(quality);
  if (targetBytes !== undefined && !(Number.isInteger(targetBytes) && targetBytes >= 1)) {
    throw new UsageError('bad-target', `targetBytes must be an integer of at least 1, not ${targetBytes}`);
  }
  if (targetBpp !== undefined && !(targetBpp > 0 && targetBpp < Infinity)) {
    throw new UsageError('bad-target', `targetBpp must be a number above 0, not ${targetBpp}`);
  }
}

function checkMaxSide<T extends number | 'none'>(maxSide: T): T {
  if (maxSide !== 'none' && !(Number.isInteger(maxSide) && (maxSide as number) >= 1)) {
    throw new UsageError('bad-max-side', `maxSide must be an integer of at least 1, or none, not ${maxSide}`);
  }
  return maxSide;
}

/** @throws UsageError `bad-picture` when its pixels are not as many as its size says. */
function checkPicture({ width, height, data }: Picture): void {
  if (!(Number.isInteger(width) && width >= 1 && Number.isInteger(height) && height >= 1)) {
    throw new UsageError('bad-picture', `a picture has at least 1 x 1 pixels, not ${width} x ${height}`);
  }
  if (data.length !== 3 * width * height) {
    throw new UsageError(
      'bad-picture',
      `a picture of ${width} x ${height} pixels has ${3 * width * height} values, not ${data.length}`,
    );
  }
}

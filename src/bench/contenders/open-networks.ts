import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { analysePicture } from '../../codec/analyse-picture.js';
import { type ModelShelf, type OpenModel, openModelShelf } from '../../codec/model-shelf.js';
import { openNetworks } from '../../codec/networks.js';
import { pixelSource } from '../../codec/picture-source.js';
import { ModelError, UsageError } from '../../errors.js';
import type { Picture } from '../../image/picture.js';
import { requireHeads } from '../../model/require-heads.js';
import { readTorchvisionResnet } from '../../model/torchvision-resnet.js';
import { nodePlatform } from '../../platform/node/node-platform.js';
import { readRegularFile, UnreadableFile } from '../../platform/node/regular-file.js';
import { machine } from '../../profiles/machine.js';
import type { AnalyzeOptions, Codec, CodecOptions } from '../../session/codec.js';
import type { ModelIdentity } from '../../session/model-identity.js';
import { codecOver } from '../../session/open-codec.js';
import { openViewCodec } from '../codecs/dicm-view.js';
import type { MissingCodec, PictureCodec } from '../codecs/picture-codec.js';
import { type Detector, openDetector } from '../detectors/open-detector.js';
import { type BenchTask, networkOnPixels } from '../report.js';
import { describeAnswer, questionOf } from './answer.js';
import type { PixelNetwork } from './pixel-network.js';

/** Networks of one model for one task. */
export interface BenchNetworks {
  readonly codec: Codec;
  readonly pixels: PixelNetwork;
  /** Opens the view layer as a codec for pictures. */
  readonly openView: () => Promise<PictureCodec | MissingCodec>;
  /** A detector that is not the model's own, where one is asked for. */
  readonly detector?: PixelNetwork | undefined;
  readonly model: ModelIdentity;
  /** Hash of all weights of the model. */
  readonly weightsId: string;
  /** Class index of each WordNet identifier. */
  readonly classes: ReadonlyMap<string, number>;
  /** Categories of objects; empty where the model has no heads. */
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  /** Name, version and device of the executor. */
  readonly backend: string;
  dispose(): Promise<void>;
}

/** Files of networks that take part beside the model's own. */
export interface OtherNetworks {
  /** A ResNet-50 with torchvision's tensor names, to read decoded pictures in its place; classification only. */
  readonly pixelNetwork?: string | undefined;
  /** A detector in YOLOX's layout, to read decoded pictures too; boxes only. */
  readonly detector?: string | undefined;
}

/**
 * Opens a model once, for its codec and for the same network on pixels; with the weights of another ResNet-50 for
 * pixels, that runs on the same executor.
 *
 * @param others - Networks that are not the model's own.
 * @throws ModelError `no-heads` for detection with a model that only classifies; `bad-pixel-network`, `bad-detector`.
 * @throws UsageError `pixel-network-task`: the heads belong to the model's own network; `detector-task`: a detector
 *   knows no classes.
 */
export async function openBenchNetworks(
  task: BenchTask,
  options: CodecOptions,
  { pixelNetwork: pixelWeights, detector: detectorPath }: OtherNetworks = {},
): Promise<BenchNetworks> {
  if (pixelWeights !== undefined && task !== 'classify') {
    throw new UsageError(
      'pixel-network-task',
      `another pixel network can only classify: the model's heads for ${task} do not fit it`,
    );
  }
  if (pixelWeights !== undefined && options.precision === 'int8') {
    throw new UsageError(
      'bad-precision',
      'a second network has no ranges, so it computes in floats: take precision float with it (--pixel-network)',
    );
  }
  if (detectorPath !== undefined && task === 'classify') {
    throw new UsageError('detector-task', 'a detector says boxes: it takes part in detect and segment');
  }
  const shelf = openModelShelf({ ...options, platform: nodePlatform, backend: options.backend ?? 'auto' });
  const codec = codecOver(shelf, options.limits);
  let detector: Detector | undefined;
  try {
    const open = await shelf.encodingModel(machine.name);
    const { model } = open;
    const categories = task === 'classify' ? [] : requireHeads(model).categories;
    const { weights, ranges } = model.manifest;
    // Answers in 8 bits are others, and follow from the ranges too.
    const rounding = options.precision === 'int8' ? ['int8', ranges?.sha256 ?? ''] : [];
    const weightsId = hashOf(...weights.map(({ sha256 }) => sha256), ...rounding);
    const other = pixelWeights === undefined ? undefined : await openOther(pixelWeights, open, shelf);
    const analyze = other?.analyze ?? codec.analyzePicture;
    const { name, version, device } = await codec.openBackend();
    if (detectorPath !== undefined) detector = await openDetector(detectorPath, categories, options);
    return {
      codec,
      detector,
      openView: () => openViewCodec(codec, shelf),
      model: await codec.openModel(),
      weightsId,
      classes: new Map(model.classes.map(({ wnid, index }) => [wnid, index])),
      categories,
      backend: `${name} ${version}, ${device}`,
      pixels: {
        name: pixelWeights === undefined ? networkOnPixels(model.manifest.name) : basename(pixelWeights),
        id: other?.id ?? weightsId,
        analyze: async (picture, { signal }) =>
          describeAnswer(await analyze(picture, { ...questionOf(task), signal })),
      },
      dispose: async () => {
        await detector?.dispose();
        await other?.dispose();
        await codec.dispose();
      },
    };
  } catch (error) {
    await detector?.dispose();
    await codec.dispose();
    throw error;
  }
}

/** Another ResNet-50 in the place of a model's own on pixels. */
async function openOther(path: string, model: OpenModel, shelf: ModelShelf) {
  const { id, tensors } = await readWeights(path);
  const networks = openNetworks(await shelf.backend(), async () => tensors);
  const open: OpenModel = { ...model, networks: async () => networks };
  return {
    id,
    analyze: (picture: Picture, { tasks, ...options }: AnalyzeOptions) =>
      analysePicture(open, () => pixelSource(picture), picture, tasks, options),
    dispose: networks.dispose,
  };
}

async function readWeights(path: string) {
  const file = await readRegularFile(path).catch((cause: unknown) => {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new ModelError('bad-pixel-network', `${path} ${cause.message}`, { cause });
  });
  return { id: hashOf(file), tensors: readTorchvisionResnet(file, path) };
}

function hashOf(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

import type { KeptAnswer } from '../../evaluation/kept-answers.js';
import type { MaxSide } from '../../image/fit-size.js';
import type { Picture } from '../../image/picture.js';
import type { CodecHooks, CodedPicture, PictureCodec } from '../codecs/picture-codec.js';
import type { BenchTask } from '../report.js';
import { type Answer, describeAnswer, questionOf } from './answer.js';
import type { BenchNetworks } from './open-networks.js';
import type { PixelNetwork } from './pixel-network.js';

/** A photograph on its way into a codec. */
export interface SourceImage {
  /** The file. */
  readonly bytes: Uint8Array;
  /** Its pixels, turned and fitted as every codec gets them. */
  picture(): Promise<Picture>;
  /** Codes it, or gives what was coded under this key before, for another reader of the same file. */
  once(key: string, encode: () => Promise<CodedPicture>): Promise<CodedPicture>;
}

/** One way from a photograph to bytes and from bytes to an answer. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** Identifies results together with the setting: versions and options. */
  readonly version: string;
  /** Identifies the network that answers. */
  readonly networkId: string;
  readonly settingName: string;
  readonly settings: readonly number[];
  /** Name of the series that counts payload bytes only, where there is one. */
  readonly payloadName?: string | undefined;
  /** Its answers are boxes, whatever the task. */
  readonly boxesOnly?: boolean;
  /** The photograph's own file and pixels: no codec, but what a network says without one. */
  readonly isUncompressed?: boolean;
  /** What its files keep at a setting: it looks for the smallest, and is no curve of rate and accuracy. */
  readonly keeps?: (setting: number) => KeptAnswer;
  encode(source: SourceImage, setting: number, hooks: CodecHooks): Promise<CodedPicture>;
  analyze(coded: Uint8Array, source: SourceImage, hooks: CodecHooks): Promise<Answer>;
  /** What is timed in the place of `analyze`, where that does more than a reader of the file has to. */
  read?(coded: Uint8Array, source: SourceImage, hooks: CodecHooks): Promise<unknown>;
}

/** From the smallest files to the largest. */
const QUALITIES = [1, 10, 20, 35, 50, 75, 100];

/** dicm itself: the answer comes from the file's features. */
export function dicmContender(
  networks: BenchNetworks,
  task: BenchTask,
  maxSide: MaxSide,
  effort: number,
): Contender {
  const { codec, model, weightsId } = networks;
  return {
    id: 'dicm',
    name: `dicm (${model.name}${effort === 1 ? '' : `, effort ${effort}`})`,
    version: `${model.name} ${model.decodeId} ${model.renderId}${effort === 1 ? '' : ` effort ${effort}`}`,
    networkId: weightsId,
    settingName: 'quality',
    settings: QUALITIES,
    encode: ({ bytes }, quality, { signal }) => codec.encode(bytes, { quality, maxSide, effort, signal }),
    analyze: async (coded, _, { signal }) =>
      describeAnswer(await codec.analyze(coded, { ...questionOf(task), signal })),
  };
}

/** What every contender has in common whose codec takes pixels. */
export function codedPictures(codec: PictureCodec): Omit<Contender, 'networkId' | 'analyze'> {
  const { id, name, version, settingName, settings, payloadName } = codec;
  return {
    ...{ id, name, version, settingName, settings, payloadName },
    encode: (source, setting, hooks) =>
      source.once(`${id} ${setting}`, async () => codec.encode(await source.picture(), setting, hooks)),
  };
}

/** A codec for pixels: its pictures are decoded and given to the uncompressed network. */
export function pixelContender(codec: PictureCodec, network: PixelNetwork): Contender {
  return {
    ...codedPictures(codec),
    networkId: network.id,
    analyze: async (coded, source, hooks) => {
      // Only what the pixels belong to is taken from the source, so that boxes come in its pixels.
      const { width, height, ...origin } = await source.picture();
      const { data } = await codec.decode(coded, { width, height }, hooks);
      return network.analyze({ ...origin, width, height, data }, hooks);
    },
  };
}

/** The same files, read by a detector that is not the model's own. */
export function detectorContender(codec: PictureCodec, detector: PixelNetwork): Contender {
  return {
    ...pixelContender(codec, detector),
    id: `${codec.id}+${detector.name}`,
    name: `${codec.name} + ${detector.name}`,
    payloadName: undefined,
    boxesOnly: true,
  };
}

/** What a detector says of the fitted pixels, with no codec. */
export function uncompressedContender(detector: PixelNetwork): Contender {
  return {
    id: `+${detector.name}`,
    name: `no codec + ${detector.name}`,
    version: '',
    networkId: detector.id,
    settingName: '',
    settings: [0],
    boxesOnly: true,
    isUncompressed: true,
    encode: async ({ bytes }) => ({ bytes }),
    analyze: async (_, source, hooks) => detector.analyze(await source.picture(), hooks),
  };
}

import { nameShortage } from '../shortage.js';
import { checkOptions, hookNames, type OptionNames, optionNames } from './check-options.js';
import type {
  AnalyzeOptions,
  AnalyzePixelsOptions,
  Codec,
  CodecOptions,
  OpenModelOptions,
  PrefixOptions,
  RegionOptions,
} from './codec.js';

/** The calls of a codec that take options besides what they are about. */
type Call = Exclude<
  { [K in keyof Codec]: Parameters<Codec[K]> extends [] ? never : K }[keyof Codec],
  'openModel'
>;

type CallOptions<K extends Call> = NonNullable<Parameters<Codec[K]>[1]>;

const prefix = optionNames<PrefixOptions>()({ prefix: true });
const region = optionNames<RegionOptions>()({ region: true });
const part = { ...hookNames, ...region, ...prefix };
const classes = optionNames<Pick<AnalyzeOptions, 'top' | 'minScore'>>()({ top: true, minScore: true });
const objects = optionNames<NonNullable<AnalyzeOptions['detect']>>()({
  minScore: true,
  maxDetections: true,
  categories: true,
});
const questions = optionNames<AnalyzeOptions>()({ ...hookNames, ...classes, tasks: true, detect: true });
const loading = optionNames<Pick<AnalyzePixelsOptions, 'maxSide' | 'tolerateDamage'>>()({
  maxSide: true,
  tolerateDamage: true,
});

/** Options of `openCodec`. */
export const codecOptionNames = optionNames<CodecOptions>()({
  backend: true,
  model: true,
  limits: true,
  threads: true,
  precision: true,
});

const openModelOptions = optionNames<OpenModelOptions>()({ layer: true });

/** Options of every call. */
const CALLS: { readonly [K in Call]: OptionNames<CallOptions<K>> } = {
  encode: optionNames<CallOptions<'encode'>>()({
    ...hookNames,
    ...loading,
    quality: true,
    viewQuality: true,
    viewSide: true,
    targetBytes: true,
    targetBpp: true,
    keep: true,
    minScore: true,
    layers: true,
    metadata: true,
    digest: true,
    effort: true,
  }),
  decodeFeatures: optionNames<CallOptions<'decodeFeatures'>>()({ ...part, layer: true }),
  streamFeatures: optionNames<CallOptions<'streamFeatures'>>()({ ...part, layer: true }),
  decodePicture: optionNames<CallOptions<'decodePicture'>>()({ ...hookNames, ...region }),
  streamPicture: optionNames<CallOptions<'streamPicture'>>()({ ...hookNames, ...region }),
  decodeLatents: optionNames<CallOptions<'decodeLatents'>>()({ ...hookNames, ...prefix }),
  classify: optionNames<CallOptions<'classify'>>()({ ...part, ...classes }),
  detect: optionNames<CallOptions<'detect'>>()({ ...part, ...objects }),
  segment: optionNames<CallOptions<'segment'>>()({ ...part, ...objects }),
  embed: optionNames<CallOptions<'embed'>>()(part),
  analyze: optionNames<CallOptions<'analyze'>>()({ ...part, ...questions }),
  analyzePixels: optionNames<CallOptions<'analyzePixels'>>()({ ...questions, ...loading }),
  analyzePicture: optionNames<CallOptions<'analyzePicture'>>()(questions),
  verify: optionNames<CallOptions<'verify'>>()({ ...hookNames, ...prefix }),
  measureBits: optionNames<CallOptions<'measureBits'>>()(hookNames),
};

/**
 * The same codec, whose calls reject options that they do not have, and name what the machine ran out of: no `RangeError`
 * of an array leaves the library.
 */
export function guardCalls(codec: Codec): Codec {
  const guarded = { ...codec };
  for (const call of Object.keys(CALLS) as Call[]) {
    const method = codec[call] as (first: unknown, options: object) => Promise<unknown>;
    const guardedMethod = async (first: unknown, options: { detect?: unknown } = {}) => {
      checkOptions(call, options, CALLS[call]);
      if (options.detect !== undefined) checkOptions(`detect of ${call}`, options.detect, objects);
      return naming(() => method(first, options));
    };
    Object.assign(guarded, { [call]: guardedMethod });
  }
  const { openBackend, openModel, readVocabulary } = codec;
  const { streamFeatures, streamPicture } = guarded;
  return {
    ...guarded,
    openBackend: () => naming(openBackend),
    openModel: async (options = {}) => {
      checkOptions('openModel', options, openModelOptions);
      return naming(() => openModel(options));
    },
    readVocabulary: () => naming(readVocabulary),
    streamFeatures: async (file, options) => {
      const stream = await streamFeatures(file, options);
      return { ...stream, rows: namingRows(stream.rows) };
    },
    streamPicture: async (file, options) => {
      const stream = await streamPicture(file, options);
      return { ...stream, rows: namingRows(stream.rows) };
    },
  };
}

async function naming<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw nameShortage(error);
  }
}

async function* namingRows<Rows>(rows: AsyncIterable<Rows>): AsyncGenerator<Rows, void, undefined> {
  try {
    yield* rows;
  } catch (error) {
    throw nameShortage(error);
  }
}

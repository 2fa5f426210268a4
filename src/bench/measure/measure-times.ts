import { DicmError } from '../../errors.js';
import type { Contender } from '../contenders/contender.js';
import type { PixelNetwork } from '../contenders/pixel-network.js';
import type { DatasetImage } from '../datasets/dataset.js';
import { sampleKey } from './measure-answers.js';
import { openSource, type SourceOptions } from './open-source.js';

/** Medians over the timed images. */
export interface PointTimes {
  readonly encodeMs?: number;
  readonly analyzeMs: number;
  /** Most resident memory of this process, and of one program beside it, in bytes. */
  readonly peakMemoryBytes: number;
}

/** Times by {@link sampleKey}; `uncompressed` for the network alone. */
export type Times = ReadonlyMap<string, PointTimes>;

/** What to time. */
export interface TimingOptions extends SourceOptions {
  readonly contenders: readonly Contender[];
  /** The uncompressed network, where there is one. */
  readonly network?: PixelNetwork | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Key of the uncompressed network in {@link Times}. */
export const UNCOMPRESSED = 'uncompressed';

const MEMORY_POLL_MS = 10;

/**
 * Times every contender at every setting on some images, one at a time with nothing beside it: from the photograph's
 * file to coded bytes, and from those to the answer, or to what `read` of a contender gives. Each contender does one image first that is not counted. A sample
 * that fails is not timed.
 */
export async function measureTimes(images: readonly DatasetImage[], options: TimingOptions): Promise<Times> {
  const { contenders, network, signal } = options;
  const times = new Map<string, PointTimes>();
  if (images.length === 0) return times;
  const total =
    Number(network !== undefined) + contenders.reduce((sum, { settings }) => sum + settings.length, 0);
  const open = (image: DatasetImage) => openSource(image.path, options);
  const step = async (
    key: string,
    run: (image: DatasetImage, meter: Meter) => Promise<void>,
    warm: boolean,
  ) => {
    if (warm) await run(images[0]!, openMeter()).catch(ignoreSample);
    const meter = openMeter();
    for (const image of images) {
      signal?.throwIfAborted();
      await run(image, meter).catch(ignoreSample);
    }
    const result = meter.finish();
    if (result !== undefined) times.set(key, result);
    options.onProgress?.(times.size, total);
  };

  const timeNetwork = async (image: DatasetImage, meter: Meter) => {
    const source = await open(image);
    await meter.analyze(async () => network!.analyze(await source.picture(), { signal }));
  };
  if (network !== undefined) await step(UNCOMPRESSED, timeNetwork, true);
  for (const contender of contenders) {
    for (const [index, setting] of contender.settings.entries()) {
      await step(
        sampleKey(contender.id, setting),
        async (image, meter) => {
          // Opened anew: decoding and fitting the photograph belong to encoding it.
          const source = await open(image);
          const hooks = { signal, onProgramMemory: meter.addProgram };
          const { bytes } = await meter.encode(() => contender.encode(source, setting, hooks));
          // The size of the picture is all that analysing asks of it, so its decoding must not count here.
          await source.picture();
          const read = contender.read ?? contender.analyze;
          await meter.analyze(() => read(bytes, source, hooks));
        },
        index === 0,
      );
    }
  }
  return times;
}

type Meter = ReturnType<typeof openMeter>;

function openMeter() {
  const encodeTimes: number[] = [];
  const analyzeTimes: number[] = [];
  let [own, program] = [0, 0];
  const look = () => {
    own = Math.max(own, process.memoryUsage.rss());
  };
  const timed = async <R>(list: number[], work: () => Promise<R>): Promise<R> => {
    const timer = setInterval(look, MEMORY_POLL_MS);
    const began = performance.now();
    try {
      const result = await work();
      list.push(performance.now() - began);
      return result;
    } finally {
      clearInterval(timer);
      look();
    }
  };
  return {
    encode: <R>(work: () => Promise<R>) => timed(encodeTimes, work),
    analyze: <R>(work: () => Promise<R>) => timed(analyzeTimes, work),
    addProgram: (peakBytes: number) => {
      program = Math.max(program, peakBytes);
    },
    finish: (): PointTimes | undefined => {
      if (analyzeTimes.length === 0) return undefined;
      return {
        ...(encodeTimes.length > 0 && { encodeMs: median(encodeTimes) }),
        analyzeMs: median(analyzeTimes),
        peakMemoryBytes: own + program,
      };
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What fails is reported where answers are measured. */
function ignoreSample(error: unknown): void {
  if (!(error instanceof DicmError)) throw error;
}

import { readDicmFile } from '../read-input.js';
import type { ShardFormat, ShardInput } from '../shards/plan-shards.js';
import type { ShardSeries } from '../shards/shard-series.js';
import type { DecodeResult } from './decode-one.js';
import type { JobContext } from './job.js';
import { type FeatureChoice, openFeatures } from './open-features.js';

/** Most bytes that a job has ready before it may write: a picture that has more waits half-way. */
const MAX_HELD_BYTES = 2 ** 24;

/** A .dicm file whose features go into a shard. */
export interface ShardJob extends FeatureChoice {
  input: ShardInput;
  series: ShardSeries;
  format: ShardFormat;
}

/** What became of it, in the keys of `dicm.decode/1`: the array has its name in the shard, and `bytes` are its data. */
export type ShardedResult = Omit<DecodeResult, 'format'> & { format: ShardFormat };

/** Decodes one .dicm file and writes its features into a shard, when those of the inputs before it are there. */
export async function decodeIntoShard(job: ShardJob, context: JobContext): Promise<ShardedResult> {
  const { input, series, format } = job;
  const started = performance.now();
  try {
    const file = await readDicmFile(context, input.path);
    const { array, pieces, header, model, backend, area } = await openFeatures(context, file, job);
    let held: Uint8Array[] = [];
    let [heldBytes, bytes] = [0, 0];
    let entry: Awaited<ReturnType<ShardSeries['begin']>> | undefined;
    const writeHeld = async () => {
      await series.turn(input);
      entry ??= await series.begin(input, array, model);
      for (const piece of held) await entry.append(piece);
      [held, heldBytes] = [[], 0];
      return entry;
    };
    for await (const piece of pieces) {
      held.push(piece);
      heldBytes += piece.length;
      bytes += piece.length;
      if (series.hasTurn(input) || heldBytes > MAX_HELD_BYTES) await writeHeld();
    }
    const { width, height } = area ?? header;
    await (await writeHeld()).end([width, height]);
    const arrays = [{ ...array, name: input.name }];
    const elapsedMs = Math.round(performance.now() - started);
    const { output } = input.shard;
    const result = { file: input.path, output, format, inputBytes: file.length, bytes, arrays };
    return { ...result, ...(area && { area }), backend, elapsedMs };
  } finally {
    series.pass(input);
  }
}

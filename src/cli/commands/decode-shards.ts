import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError } from '../../index.js';
import { announceBackend, type Context, withCodec } from '../context.js';
import type { Inputs } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { formatBytes } from '../format.js';
import { decodeIntoShard } from '../jobs/decode-into-shard.js';
import { reportDecoded } from '../jobs/decode-one.js';
import type { FeatureChoice } from '../jobs/open-features.js';
import { makeFolders } from '../plan-outputs.js';
import type { Reporter } from '../reporter.js';
import { runBatch } from '../run-batch.js';
import { planShards, type ShardFormat, type ShardPlan, shardName } from '../shards/plan-shards.js';
import { type ShardEnd, ShardSeries } from '../shards/shard-series.js';
import { checkOutput } from '../write-output.js';

/** How `dicm decode --shard` was called. */
export interface ShardFlags extends FeatureChoice {
  layer: NonNullable<FeatureChoice['layer']>;
  dtype: NonNullable<FeatureChoice['dtype']>;
  shard: number;
  format: ShardFormat;
  output: string | undefined;
  force: boolean;
}

/** Decodes many files into few. */
export async function decodeIntoShards(context: Context, given: Inputs, flags: ShardFlags): Promise<number> {
  const { reporter, signal } = context;
  const { format, output, force, layer, dtype, region, prefix } = flags;
  const plan = await planShards(given, output, flags.shard, format);
  for (const shard of plan.shards) await checkOutput(shard.output, force);
  await warnOfStale(plan, format, reporter);
  const series = new ShardSeries(plan, { layer, dtype, format, force, signal });
  // Records say what is there: with --json those of a shard wait for it.
  const held: (() => void)[] = [];
  const tell = (report: () => void) => {
    if (reporter.options.json) held.push(report);
    else report();
  };
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    await makeFolders(plan.shards, output);
    try {
      return await runBatch(context, {
        inputs: plan.inputs,
        given,
        verb: 'decoding',
        nameOf: ({ path }) => path,
        work: (input, job) =>
          decodeIntoShard({ input, series, format, layer, dtype, region, prefix }, { ...job, codec }),
        report: (result) => tell(() => reportDecoded(reporter, result)),
        reportFailure: ({ path }, error) => {
          tell(() => reporter.fail(path, error));
          return true;
        },
        onReported: async (input) => {
          const end = await series.endAfter(input);
          if (input.index !== input.shard.last) return;
          for (const report of held.splice(0)) report();
          if (end !== undefined) reportShard(reporter, end);
        },
        // What cannot be written is the shard, which all of them go into.
        isFatal: (error) => error instanceof OutputError,
        bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
      });
    } finally {
      await series.abandon();
    }
  });
}

/** Of an earlier run with more inputs, shards stay that a program which reads the folder would take for this one's. */
async function warnOfStale(
  { folder, shards }: ShardPlan,
  format: ShardFormat,
  reporter: Reporter,
): Promise<void> {
  if (folder === undefined) return;
  const next = join(folder, shardName(shards.length, format));
  const isThere = await stat(toPath(next)).catch(() => undefined);
  if (isThere !== undefined) {
    reporter.warn(
      `${next} and what follows it are of another run, which had more shards; they stay as they are`,
    );
  }
}

function reportShard(reporter: Reporter, end: ShardEnd): void {
  if (reporter.options.json) reporter.json({ schema: 'dicm.shard/1', ...end });
  reporter.say(`${end.output}  ${end.arrays} arrays  ${formatBytes(end.bytes)}`);
}

import { outputTag } from '../output-tag.js';
import { readShard, sampleOf, type TarMember, writeShard } from '../stores/tar-shard.js';
import type { Key, RunTask } from '../work-item.js';
import type { ResultLine } from '../work-list.js';
import { asFailure, type KeyEnd, type KeyTools, nameRecord, readSource } from './key-run.js';
import { STOPPED } from './process-pool.js';
import type { JobFailure, JobReply } from './protocol.js';

/** What became of a shard: lines of its members besides. */
export type ShardEnd = Exclude<KeyEnd, { readonly record: unknown }> | ShardDone;

interface ShardDone {
  readonly lines: readonly ResultLine[];
  readonly isThere: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** How a shard is worked on. */
export interface ShardTools extends KeyTools {
  /** Tries of a member that ends its process, all in this worker. */
  readonly memberTries: number;
}

/** Names of the members that are inputs. */
const INPUTS = {
  encode: /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?|svg)$/i,
  analyze: /\.dicm$/i,
};

/**
 * Works on all members of a shard and writes one shard of what came out: WebDataset's layout, in which all files of a
 * sample have one name. Of `a.jpg` and `a.cls` come `a.dicm`, `a.json`, the result, and `a.cls` as it was. A member that fails has a
 * `dicm.error/1` for a result. Never rejects.
 */
export async function runShard(key: Key, task: RunTask, tools: ShardTools): Promise<ShardEnd> {
  try {
    const shard = await readSource(key.source, tools);
    const output = task.output === null ? undefined : await tools.stores.openOutput(task.output);
    const name = `${key.name}.${outputTag(shard, task, tools.maker)}.tar`;
    const members = await readShard(key.source, shard);
    const inputs = inputsOf(members, task);
    const samples = new Set(inputs.map((member) => sampleOf(member.name)));
    if (output !== undefined && (await output.has(name))) {
      const lines = linesOf(key, await readShard(name, await output.read(name)), samples);
      return { lines, isThere: true, bytesIn: shard.length, bytesOut: 0 };
    }
    const replies = await runMembers(inputs, task, tools);
    if (replies === STOPPED || 'failure' in replies) return replies;
    const made = members
      // Results of what was done with a sample before make room for this one.
      .filter((member) => !isResultOf(samples, member))
      .flatMap((member) => outputsOf(member, replies.get(member), key, task));
    const bytes = output === undefined ? undefined : await writeShard(made);
    if (bytes !== undefined) await output!.create(name, bytes);
    return {
      lines: linesOf(key, made, samples),
      isThere: false,
      bytesIn: shard.length,
      bytesOut: bytes?.length ?? 0,
    };
  } catch (error) {
    return { failure: asFailure(error) };
  }
}

function inputsOf(members: readonly TarMember[], { command }: RunTask): TarMember[] {
  const pattern = command === 'encode' ? INPUTS.encode : INPUTS.analyze;
  return members.filter(({ name }) => pattern.test(name));
}

function isResultOf(samples: ReadonlySet<string>, { name }: TarMember): boolean {
  return name.endsWith('.json') && samples.has(name.slice(0, -'.json'.length));
}

/** Works on inputs, as many at a time as there are processes; on those that end theirs again, one by one. */
async function runMembers(
  inputs: readonly TarMember[],
  { command, options }: RunTask,
  { pool, memberTries }: ShardTools,
): Promise<Map<TarMember, JobReply> | { failure: JobFailure } | typeof STOPPED> {
  const replies = new Map<TarMember, JobReply>();
  let isStopped = false;
  const run = async (member: TarMember) => {
    const reply = await pool.run({ command, options, bytes: member.bytes });
    if (reply === STOPPED) isStopped = true;
    else replies.set(member, reply);
  };
  const failureOf = (member: TarMember) => {
    const reply = replies.get(member);
    return reply !== undefined && 'failure' in reply ? reply.failure : undefined;
  };
  await Promise.all(inputs.map(run));
  for (let tries = 1; tries < memberTries; tries++) {
    for (const member of inputs) {
      if (!isStopped && failureOf(member)?.isFinal === false) await run(member);
    }
  }
  const fatal = inputs.map(failureOf).find((failure) => failure?.isFatal);
  if (fatal !== undefined) return { failure: fatal };
  return isStopped ? STOPPED : replies;
}

function outputsOf(member: TarMember, reply: JobReply | undefined, key: Key, task: RunTask): TarMember[] {
  if (reply === undefined) return [member];
  const sample = sampleOf(member.name);
  const file = `${key.source}#${member.name}`;
  if ('failure' in reply) {
    const { code, message } = reply.failure;
    return [jsonMember(sample, { schema: 'dicm.error/1', file, code, message })];
  }
  const record = nameRecord(reply.record, task, file, `${sample}.dicm`);
  const coded = reply.output === undefined ? [] : [{ name: `${sample}.dicm`, bytes: reply.output }];
  return [...coded, jsonMember(sample, record)];
}

function jsonMember(sample: string, record: object): TarMember {
  return { name: `${sample}.json`, bytes: new TextEncoder().encode(`${JSON.stringify(record)}\n`) };
}

/** The results of some samples among the members of a shard that was made here. */
function linesOf(
  { source, name }: Key,
  members: readonly TarMember[],
  samples: ReadonlySet<string>,
): ResultLine[] {
  return members
    .filter((member) => isResultOf(samples, member))
    .map((member) => ({
      key: { source: `${source}#${sampleOf(member.name)}`, name },
      line: new TextDecoder().decode(member.bytes).trim(),
    }));
}

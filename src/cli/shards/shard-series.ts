import { type DecodedWith, UsageError } from '../../index.js';
import type { ArrayInfo } from '../array-files.js';
import { asOutputError, writeInPlaces } from '../write-output.js';
import { openNpzShard } from './npz-shard.js';
import type { PlannedShard, ShardFormat, ShardInput, ShardPlan } from './plan-shards.js';
import { openSafetensorsShard } from './safetensors-shard.js';
import type { CodedSize, OpenShardWriter, ShardMetadata, ShardWriter } from './shard-writer.js';

const OPENERS: Readonly<Record<ShardFormat, OpenShardWriter>> = {
  safetensors: openSafetensorsShard,
  npz: openNpzShard,
};

/** How shards are written. */
export interface SeriesOptions extends Pick<ShardMetadata, 'layer' | 'dtype'> {
  format: ShardFormat;
  force: boolean;
  signal: AbortSignal;
}

/** A shard that is complete, in the keys of `dicm.shard/1`. */
export interface ShardEnd extends ShardMetadata {
  output: string;
  format: ShardFormat;
  /** How many there are. */
  arrays: number;
  /** Size of the file. */
  bytes: number;
}

/** A shard that is being written. */
interface OpenShard {
  writer: ShardWriter;
  metadata: ShardMetadata;
  arrays: number;
  /** Ends the file: it gets its name, or none where a reason is given. */
  end(reason?: unknown): Promise<number>;
}

/**
 * The shards of a run, written by several jobs at a time: whoever has the turn writes, in the order of the inputs, so that
 * arrays lie in that order and only one is on its way into a file.
 */
export class ShardSeries {
  readonly #plan: ShardPlan;
  readonly #options: SeriesOptions;
  readonly #open = new Map<PlannedShard, OpenShard>();
  readonly #done = new Set<number>();
  readonly #waiting = new Map<number, () => void>();
  #turn = 0;
  #model: DecodedWith['model'] | undefined;

  constructor(plan: ShardPlan, options: SeriesOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Whether every input before this one is done. */
  hasTurn({ index }: ShardInput): boolean {
    return index === this.#turn;
  }

  /** Waits until every input before this one is done. */
  async turn(input: ShardInput): Promise<void> {
    if (this.hasTurn(input)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.set(input.index, resolve);
    });
  }

  /** Passes the turn on; to be called once for each input, whatever became of it. */
  pass({ index }: ShardInput): void {
    this.#done.add(index);
    while (this.#done.delete(this.#turn)) this.#turn++;
    this.#waiting.get(this.#turn)?.();
    this.#waiting.delete(this.#turn);
  }

  /**
   * Begins the array of an input that has the turn.
   *
   * @returns What takes its bytes, and ends it.
   * @throws UsageError `shard-model` where the file was read with another model than those before it; OutputError
   */
  async begin(input: ShardInput, array: Omit<ArrayInfo, 'name'>, model: DecodedWith['model']) {
    this.#options.signal.throwIfAborted();
    this.#checkModel(input, model);
    const shard = this.#open.get(input.shard) ?? (await this.#openShard(input.shard, model));
    const named = (writing: Promise<void>) =>
      writing.catch((error: unknown) => {
        throw asOutputError(input.shard.output, error);
      });
    await named(shard.writer.begin({ ...array, name: input.name }));
    return {
      append: (bytes: Uint8Array) => named(shard.writer.append(bytes)),
      end: async (codedSize: CodedSize) => {
        await named(shard.writer.end(codedSize));
        shard.arrays++;
      },
    };
  }

  /**
   * Ends the shard of which this is the last input.
   *
   * @returns What it has become; `undefined` for any other input, and where no input of the shard could be read.
   * @throws OutputError
   */
  async endAfter({ index, shard }: ShardInput): Promise<ShardEnd | undefined> {
    const open = this.#open.get(shard);
    if (index !== shard.last || open === undefined) return undefined;
    this.#open.delete(shard);
    if (open.arrays === 0) {
      await open.end(new Error('nothing to write')).catch(() => undefined);
      return undefined;
    }
    const bytes = await open.end();
    const { format } = this.#options;
    return { output: shard.output, format, arrays: open.arrays, bytes, ...open.metadata };
  }

  /** Leaves unfinished shards; nothing stays of them. */
  async abandon(): Promise<void> {
    const reason = new Error('abandoned');
    await Promise.allSettled([...this.#open.values()].map((shard) => shard.end(reason)));
    this.#open.clear();
  }

  #checkModel({ path }: ShardInput, model: DecodedWith['model']): void {
    this.#model ??= model;
    if (this.#model.renderId === model.renderId) return;
    throw new UsageError(
      'shard-model',
      `${path} was read with the model ${model.name} (${model.renderId}), those before it with ${this.#model.name} ` +
        `(${this.#model.renderId}), whose features mean something else; shard them apart, or choose one with --model`,
    );
  }

  async #openShard(shard: PlannedShard, model: DecodedWith['model']): Promise<OpenShard> {
    const { layer, dtype, format, force, signal } = this.#options;
    const { name, decodeId, renderId } = model;
    const metadata = { layer, dtype, model: name, decodeId, renderId };
    const names = this.#plan.inputs.slice(shard.first, shard.last + 1).map((input) => input.name);
    let end: OpenShard['end'] = () => Promise.resolve(0);
    const writer = await new Promise<ShardWriter>((resolve, reject) => {
      const fill = async (write: Parameters<OpenShardWriter>[0]) => {
        const opened = OPENERS[format](write, names, metadata);
        const isOver = new Promise<void>((goOn, fail) => {
          end = (reason) => {
            if (reason === undefined) goOn();
            else fail(reason);
            return written;
          };
        });
        resolve(opened);
        await isOver;
        return opened.finish();
      };
      const written = writeInPlaces(shard.output, fill, { force, signal });
      written.catch(reject);
    });
    const open = { writer, metadata, arrays: 0, end };
    this.#open.set(shard, open);
    return open;
  }
}

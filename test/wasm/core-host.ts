import { readFileSync } from 'node:fs';
import { openTileCore, type TileCore } from '../../src/wasm/tile-core.js';

// A host of its own, written by docs/tile-core.md alone: what the page says is what these tests do.

const page = readFileSync(new URL('../../docs/tile-core.md', import.meta.url), 'utf8');

/** Rows of a table of the page, by the words of its header. */
export function rowsOf(...header: string[]): string[][] {
  const lines = page.split('\n');
  const at = lines.indexOf(`| ${header.join(' | ')} |`);
  if (at < 0) throw new Error(`docs/tile-core.md has no table of ${header.join(', ')}`);
  const rows = lines.slice(at + 2);
  return rows.slice(0, rows.indexOf('')).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

/** Names of the tensors in order. */
export const TENSORS = rowsOf('number', 'tensor', 'type', 'shape').map((row) => row[1]!);

/** Code of each status, without those that have none. */
export const CODES = new Map(
  rowsOf('status', 'code', 'refused because', 'detail').map((row) => [Number(row[0]), row[1]!]),
);

/** Tensors by name, whatever they hold. */
export type Values = ReadonlyMap<string, { shape: readonly number[]; data: Int32Array | Float32Array }>;

/** A tile core, and what a host does with it. */
export class CoreHost {
  readonly core: TileCore;

  constructor(core: TileCore) {
    this.core = core;
  }

  static async open(): Promise<CoreHost> {
    const core = await openTileCore();
    if (core === undefined) throw new Error('there is no WebAssembly');
    return new CoreHost(core);
  }

  /** Writes into the exchange area. */
  send(values: Int32Array | Float32Array | Uint8Array): void {
    const address = this.core.exchange(values.byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.core.memory.buffer, address, bytes.length).set(bytes);
  }

  /** Loads the tensors in order, as many as there are; returns the first status that is not 0, or 0. */
  load(tensors: Values): number {
    const shape = (name: string) => tensors.get(name)!.shape;
    const [width1, hyperChannels] = shape('hs.in.weight');
    const [outputs] = shape('hs.out.weight');
    const extents = [
      hyperChannels!,
      outputs! / 2,
      width1!,
      shape('hs.cpe2.bias')[0]!,
      shape('hs.cpe3.bias')[0]!,
    ];
    const lengths = ['factorised', 'gaussian'].map((set) => tensors.get(`entropy.${set}.cdf`)!.data.length);
    const levels = shape('gain.log2')[0]!;
    const status = this.core.layOut(...([...extents, ...lengths, levels] as Parameters<TileCore['layOut']>));
    return status === 0
      ? this.loadFrom(
          0,
          TENSORS.map((name) => tensors.get(name)!.data),
        )
      : status;
  }

  /** Loads tensors from a number on. */
  loadFrom(first: number, list: readonly (Int32Array | Float32Array)[]): number {
    for (const [i, values] of list.entries()) {
      this.send(values);
      const status = this.core.takeTensor(first + i, values.length);
      if (status !== 0) return status;
    }
    return 0;
  }

  /** Copies integers of an area. */
  integers(area: 'hyperSymbols' | 'latentSymbols', count: number): Int32Array {
    return new Int32Array(this.core.memory.buffer, this.core[area](), count).slice();
  }

  /** Copies numbers of an area. */
  floats(area: 'mean' | 'scale' | 'latents', count: number): Float32Array {
    return new Float32Array(this.core.memory.buffer, this.core[area](), count).slice();
  }

  /** Writes integers into an area. */
  write(area: 'hyperSymbols' | 'latentSymbols' | 'latentIndexes', values: Int32Array | Uint8Array): void {
    const { buffer } = this.core.memory;
    if (values instanceof Int32Array) new Int32Array(buffer, this.core[area](), values.length).set(values);
    else new Uint8Array(buffer, this.core[area](), values.length).set(values);
  }

  /** The payload that was encoded last. */
  payload(): Uint8Array {
    return new Uint8Array(this.core.memory.buffer, this.core.exchange(0), this.core.payloadSize()).slice();
  }
}

import { tileCoreWasm } from './generated/tile-core-wasm.js';

/** The part of the WebAssembly API used here; the project is typed without a browser's globals. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object): Promise<{ exports: object }>;
}

/** A WebAssembly memory; what `buffer` gives is detached when the memory grows. */
interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
}

/**
 * The exports of the tile core: docs/tile-core.md says what each does, in which order they are called and what a status
 * means. Addresses are of bytes in `memory`; extents are of the latent grid.
 */
export interface TileCore {
  readonly memory: WebAssemblyMemory;
  abiVersion(): number;
  /** @returns a status */
  layOut(
    hyperChannels: number,
    latentChannels: number,
    width1: number,
    width2: number,
    width3: number,
    factorisedLength: number,
    gaussianLength: number,
    levels: number,
  ): number;
  /** @returns the address of the exchange area, which then holds so many bytes; 0 when there is no memory for them */
  exchange(sizeBytes: number): number;
  /** @returns a status */
  takeTensor(tensor: number, count: number): number;
  /** @returns a status */
  decodeTile(height: number, width: number, position: number, sizeBytes: number, check: number): number;
  /** @returns a status */
  predict(height: number, width: number): number;
  /** @returns a status */
  encodeTile(height: number, width: number, position: number): number;
  /** @returns a status */
  decodeSymbols(set: number, count: number, sizeBytes: number): number;
  /** @returns a status */
  encodeSymbols(set: number, count: number): number;
  /** The number that a message about the last status other than 0 states. */
  detail(): number;
  /** Bytes of the payload that was encoded last. */
  payloadSize(): number;
  /** Integer check of the tile that was encoded last. */
  integerCheck(): number;
  /** Address of the hyper-latents, int32. */
  hyperSymbols(): number;
  /** Address of the latent symbols, int32. */
  latentSymbols(): number;
  /** Address of the latents' table indexes, uint8. */
  latentIndexes(): number;
  /** Address of the predicted means, binary32. */
  mean(): number;
  /** Address of the predicted scales, binary32. */
  scale(): number;
  /** Address of the latents y or y^, binary32. */
  latents(): number;
}

/** What each status means that a host has to tell apart (docs/tile-core.md). */
export const STATUS = {
  ok: 0,
  truncated: 1,
  trailing: 2,
  nonCanonical: 3,
  badStart: 4,
  escapeTooLong: 5,
  escapeTooLarge: 6,
  integerMismatch: 7,
  nonFiniteLatent: 32,
  outOfMemory: 52,
} as const;

let compiled: Promise<object> | undefined;

/**
 * Instantiates the tile core with a memory of its own; the module is compiled once a process.
 *
 * @returns nothing where WebAssembly, or its SIMD instructions, are not to be had
 */
export async function openTileCore(): Promise<TileCore | undefined> {
  const { WebAssembly: api } = globalThis as unknown as { WebAssembly?: WebAssemblyApi };
  if (api === undefined) return undefined;
  compiled ??= api.compile(tileCoreBytes());
  const module = await compiled.catch(() => undefined);
  if (module === undefined) return undefined;
  // The module is ours: assembly/index.ts exports a memory and exactly these functions.
  return (await api.instantiate(module)).exports as TileCore;
}

/** The bytes of the module. */
export function tileCoreBytes(): Uint8Array {
  return Uint8Array.from(atob(tileCoreWasm), (char) => char.charCodeAt(0));
}

// The tile core: everything between a tile's payload and its latents, in one WebAssembly module that imports nothing.
// Built by scripts/build-wasm.js. What hosts call and in which order: docs/tile-core.md; what is computed: format-spec/v1.
// Products and sums are separate instructions throughout: a fused or relaxed one would change the bits.
import { fillCrcTables, takeCrcTables } from './crc32';
import { takeGains } from './gains';
import { takeActivations } from './hyper-synthesis';
import { exchangeCapacity, exchangeStart, growExchange, growToAreas } from './memory';
import { GAUSSIAN_TABLES, hyperChannels, setShape } from './shape';
import { Status, fail } from './status';
import { prepareTables, takeTables } from './tables';
import { Tensor, placeTensors, storeTensor, tensorAddress, tensorLength } from './tensors';
import { decodeSymbolStream, decodeWholeTile, encodeSymbolStream, encodeWholeTile, fillHyperIndexes, predictTile, setTables, takeTileAreas } from './tile';

export { detail } from './status';
export { hyperSymbols, integerCheck, latentIndexes, latentSymbols, latents, mean, payloadSize, scale } from './tile';

/** Cumulative frequencies of 256 tables of 65536 symbols. */
const MAX_CDF_LENGTH: u32 = 256 * 65537;

let isLaidOut: bool = false;
/** Tensors taken so far. */
let taken: i32 = 0;
let factorisedTables: usize = 0;
let gaussianTables: usize = 0;

/** Version of this interface. */
export function abiVersion(): i32 {
  return 1;
}

/** Lays out the memory for a model of these extents; once. */
export function layOut(
  hyperChannels: u32,
  latentChannels: u32,
  width1: u32,
  width2: u32,
  width3: u32,
  factorisedLength: u32,
  gaussianLength: u32,
  levels: u32,
): i32 {
  if (isLaidOut) return fail(Status.BAD_CALL);
  if (!setShape(hyperChannels, latentChannels, width1, width2, width3, levels)) return fail(Status.BAD_SHAPE);
  if (factorisedLength > MAX_CDF_LENGTH || gaussianLength > MAX_CDF_LENGTH) return fail(Status.BAD_SHAPE);
  isLaidOut = true;
  placeTensors(factorisedLength, gaussianLength);
  factorisedTables = takeTables(hyperChannels);
  gaussianTables = takeTables(GAUSSIAN_TABLES);
  takeGains();
  takeCrcTables();
  takeActivations();
  takeTileAreas();
  if (!growToAreas()) return fail(Status.OUT_OF_MEMORY);
  setTables(factorisedTables, gaussianTables);
  fillCrcTables();
  fillHyperIndexes();
  return Status.OK;
}

/** Address of the exchange area, once it holds `sizeBytes`; 0 when there is no memory for them, or no model laid out. */
export function exchange(sizeBytes: u32): usize {
  return isLaidOut && growExchange(sizeBytes) ? exchangeStart() : 0;
}

/** Takes the `count` values in the exchange area as the tensor of this number, which must be the next one. */
export function takeTensor(tensor: i32, count: u32): i32 {
  if (!isLaidOut || tensor != taken || taken == Tensor.COUNT || u64(count) << 2 > exchangeCapacity()) {
    return fail(Status.BAD_CALL);
  }
  if (u64(count) != tensorLength(tensor)) return fail(Status.BAD_TENSOR, -1);
  let status = storeTensor(tensor, exchangeStart());
  if (status == Status.OK && tensor == Tensor.FACTORISED_CDF) {
    status = prepareSet(Tensor.FACTORISED_SIZE, factorisedTables, hyperChannels);
  }
  if (status == Status.OK && tensor == Tensor.GAUSSIAN_CDF) {
    status = prepareSet(Tensor.GAUSSIAN_SIZE, gaussianTables, GAUSSIAN_TABLES);
  }
  if (status == Status.OK) taken++;
  return status;
}

/** Decodes the payload of a tile that lies in the exchange area. */
export function decodeTile(
  latentHeight: u32,
  latentWidth: u32,
  position: i32,
  sizeBytes: u32,
  check: u32,
): i32 {
  if (taken != Tensor.COUNT) return fail(Status.BAD_CALL);
  return decodeWholeTile(latentHeight, latentWidth, position, sizeBytes, check);
}

/** Predicts mean and scale of every latent from the hyper-latents. */
export function predict(latentHeight: u32, latentWidth: u32): i32 {
  if (taken != Tensor.COUNT) return fail(Status.BAD_CALL);
  return predictTile(latentHeight, latentWidth);
}

/** Encodes hyper-latents and latents of a tile, with the mean and scale that were predicted for it. */
export function encodeTile(latentHeight: u32, latentWidth: u32, position: i32): i32 {
  if (taken != Tensor.COUNT) return fail(Status.BAD_CALL);
  return encodeWholeTile(latentHeight, latentWidth, position);
}

/** Decodes a stream of `count` symbols by the tables of a set, 0 factorised and 1 Gaussian, at the indexes of latents. */
export function decodeSymbols(set: u32, count: u32, sizeBytes: u32): i32 {
  if (taken <= Tensor.GAUSSIAN_CDF) return fail(Status.BAD_CALL);
  return decodeSymbolStream(set, count, sizeBytes);
}

/** Encodes `count` symbols of latents as a stream of their own, the mirror of {@link decodeSymbols}. */
export function encodeSymbols(set: u32, count: u32): i32 {
  if (taken <= Tensor.GAUSSIAN_CDF) return fail(Status.BAD_CALL);
  return encodeSymbolStream(set, count);
}

/** Prepares the tables of a set, whose sizes, offsets and frequencies are three tensors in a row. */
function prepareSet(first: i32, tables: usize, count: u32): i32 {
  return prepareTables(
    tables,
    count,
    tensorAddress(first),
    tensorAddress(first + 1),
    tensorAddress(first + 2),
    u32(tensorLength(first + 2)),
  );
}

import { crc32 } from './crc32';
import { setPosition } from './gains';
import { synthesise } from './hyper-synthesis';
import { exchangeCapacity, exchangeStart, take } from './memory';
import { dequantise, findNotANumber, quantise, tableIndexes, takeClamped } from './quantiser';
import { decodePlane, finishDecoding, startDecoding } from './range-decoder';
import { encodePlane, finishEncoding, startEncoding } from './range-encoder';
import { GAUSSIAN_TABLES, MAX_HYPER_POSITIONS, MAX_LATENT_EXTENT, MAX_POSITIONS, hyperChannels, latentChannels } from './shape';
import { Status, fail } from './status';
import { Tensor, outputsOf } from './tensors';

// Areas of a tile, each [rows][columns][channels]. Hosts read and write them.
let hyperSymbolArea: usize = 0;
let latentSymbolArea: usize = 0;
let hyperIndexArea: usize = 0;
let latentIndexArea: usize = 0;
let meanArea: usize = 0;
let scaleArea: usize = 0;
let latentArea: usize = 0;
/** Prepared tables of the two planes. */
let hyperTables: usize = 0;
let latentTables: usize = 0;
let payloadBytes: u32 = 0;
let check: u32 = 0;

export function takeTileAreas(): void {
  const hypers = u64(MAX_HYPER_POSITIONS) * hyperChannels;
  const latents = u64(MAX_POSITIONS) * latentChannels;
  hyperSymbolArea = take(hypers << 2);
  hyperIndexArea = take(hypers);
  // Vectors begin anywhere, so that the last goes beyond.
  latentSymbolArea = take((latents << 2) + 16);
  latentIndexArea = take(latents + 16);
  meanArea = take((latents << 2) + 16);
  scaleArea = take((latents << 2) + 16);
  latentArea = take((latents << 2) + 16);
}

export function setTables(factorised: usize, gaussian: usize): void {
  hyperTables = factorised;
  latentTables = gaussian;
}

/** Table of each hyper-latent, which is that of its channel ([DICM-E-20]). */
export function fillHyperIndexes(): void {
  let channel: u32 = 0;
  for (let i: u32 = 0; i < MAX_HYPER_POSITIONS * hyperChannels; i++) {
    store<u8>(hyperIndexArea + i, u8(channel));
    channel = channel + 1 == hyperChannels ? 0 : channel + 1;
  }
}

/** Hyper-latents to mean and scale. */
export function predictTile(latentHeight: u32, latentWidth: u32): i32 {
  if (!isTile(latentHeight, latentWidth)) return fail(Status.BAD_TILE);
  const positions = latentHeight * latentWidth;
  const output = synthesise(hyperSymbolArea, latentHeight, latentWidth);
  const stride = outputsOf(Tensor.HS_OUT);
  takeClamped(output, stride, meanArea, positions);
  takeClamped(output + (latentChannels << 2), stride, scaleArea, positions);
  return Status.OK;
}

/** The payload in the exchange area to integers and latents. */
export function decodeWholeTile(
  latentHeight: u32,
  latentWidth: u32,
  position: i32,
  sizeBytes: u32,
  expectedCheck: u32,
): i32 {
  if (!isTile(latentHeight, latentWidth)) return fail(Status.BAD_TILE);
  if (u64(sizeBytes) > exchangeCapacity()) return fail(Status.BAD_CALL);
  if (!setPosition(position)) return fail(Status.BAD_POSITION);
  const positions = latentHeight * latentWidth;
  const hypers = hyperCount(latentHeight, latentWidth);
  let status = startDecoding(exchangeStart(), sizeBytes);
  if (status == Status.OK) status = decodePlane(hyperSymbolArea, hyperIndexArea, hypers, hyperTables);
  if (status != Status.OK) return status;
  predictTile(latentHeight, latentWidth);
  tableIndexes(scaleArea, latentIndexArea, positions);
  const latents = positions * latentChannels;
  status = decodePlane(latentSymbolArea, latentIndexArea, latents, latentTables);
  if (status == Status.OK) status = finishDecoding();
  if (status != Status.OK) return status;
  if (integerCheckOf(hypers, latents) != expectedCheck) return fail(Status.INTEGER_MISMATCH);
  dequantise(latentSymbolArea, meanArea, latentArea, positions);
  return Status.OK;
}

/** Hyper-latents, latents, mean and scale to a payload in the exchange area. */
export function encodeWholeTile(latentHeight: u32, latentWidth: u32, position: i32): i32 {
  if (!isTile(latentHeight, latentWidth)) return fail(Status.BAD_TILE);
  if (!setPosition(position)) return fail(Status.BAD_POSITION);
  const positions = latentHeight * latentWidth;
  const hypers = hyperCount(latentHeight, latentWidth);
  const latents = positions * latentChannels;
  if (quantise(latentArea, meanArea, latentSymbolArea, positions)) {
    const at = findNotANumber(latentArea, meanArea, positions);
    if (at < latents) return fail(Status.NON_FINITE_LATENT, f64(at));
  }
  tableIndexes(scaleArea, latentIndexArea, positions);
  startEncoding();
  let status = encodePlane(hyperSymbolArea, hyperIndexArea, hypers, hyperTables);
  if (status == Status.OK) status = encodePlane(latentSymbolArea, latentIndexArea, latents, latentTables);
  if (status != Status.OK) return status;
  payloadBytes = finishEncoding();
  check = integerCheckOf(hypers, latents);
  return Status.OK;
}

/** A stream of nothing but `count` symbols by the tables that the host wrote at the indexes of latents. */
export function decodeSymbolStream(set: u32, count: u32, sizeBytes: u32): i32 {
  const status = checkIndexes(set, count);
  if (status != Status.OK) return status;
  if (u64(sizeBytes) > exchangeCapacity()) return fail(Status.BAD_CALL);
  const started = startDecoding(exchangeStart(), sizeBytes);
  if (started != Status.OK) return started;
  const decoded = decodePlane(latentSymbolArea, latentIndexArea, count, set == 0 ? hyperTables : latentTables);
  return decoded == Status.OK ? finishDecoding() : decoded;
}

/** The same stream from the symbols of latents, into the exchange area. */
export function encodeSymbolStream(set: u32, count: u32): i32 {
  const status = checkIndexes(set, count);
  if (status != Status.OK) return status;
  startEncoding();
  const encoded = encodePlane(latentSymbolArea, latentIndexArea, count, set == 0 ? hyperTables : latentTables);
  if (encoded == Status.OK) payloadBytes = finishEncoding();
  return encoded;
}

export function hyperSymbols(): usize {
  return hyperSymbolArea;
}

export function latentSymbols(): usize {
  return latentSymbolArea;
}

export function latentIndexes(): usize {
  return latentIndexArea;
}

export function mean(): usize {
  return meanArea;
}

export function scale(): usize {
  return scaleArea;
}

export function latents(): usize {
  return latentArea;
}

/** Bytes of the payload that was encoded last. */
export function payloadSize(): u32 {
  return payloadBytes;
}

/** Integer check of the tile that was encoded last. */
export function integerCheck(): u32 {
  return check;
}

function isTile(latentHeight: u32, latentWidth: u32): bool {
  // 0 turns into a huge number.
  return latentHeight - 1 < MAX_LATENT_EXTENT && latentWidth - 1 < MAX_LATENT_EXTENT;
}

function hyperCount(latentHeight: u32, latentWidth: u32): u32 {
  return ((latentHeight + 3) >> 2) * ((latentWidth + 3) >> 2) * hyperChannels;
}

/** Low 16 bits of the CRC-32 of all integers of a tile ([DICM-C-04]). */
function integerCheckOf(hypers: u32, latents: u32): u32 {
  return crc32(latentSymbolArea, latents, crc32(hyperSymbolArea, hypers, 0)) & 0xffff;
}

function checkIndexes(set: u32, count: u32): i32 {
  const tables: u32 = set == 0 ? hyperChannels : GAUSSIAN_TABLES;
  if (set > 1 || count > MAX_POSITIONS * latentChannels) return fail(Status.BAD_CALL);
  for (let i: u32 = 0; i < count; i++) {
    const index = load<u8>(latentIndexArea + i);
    if (index >= tables) return fail(Status.BAD_TABLE_INDEX, f64(index));
  }
  return Status.OK;
}

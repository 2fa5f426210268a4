import { take } from './memory';
import { GAUSSIAN_TABLES, hyperChannels, latentChannels, levels, width1, width2, width3 } from './shape';
import { Status, fail } from './status';

/** Tensors by number, in the order in which a host hands them over. A layer's bias follows its weight. */
export namespace Tensor {
  export const FACTORISED_SIZE: i32 = 0;
  export const FACTORISED_OFFSET: i32 = 1;
  export const FACTORISED_CDF: i32 = 2;
  export const GAUSSIAN_SIZE: i32 = 3;
  export const GAUSSIAN_OFFSET: i32 = 4;
  export const GAUSSIAN_CDF: i32 = 5;
  export const GAIN_LOG2: i32 = 6;
  export const GAIN_LOG2_INVERSE: i32 = 7;
  export const GAIN_INDEX_PER_OCTAVE: i32 = 8;
  export const HS_IN: i32 = 9;
  export const HS_CPE1: i32 = 11;
  export const HS_VIT1: i32 = 13;
  export const HS_UP1: i32 = 25;
  export const HS_CPE2: i32 = 27;
  export const HS_VIT2: i32 = 29;
  export const HS_UP2: i32 = 41;
  export const HS_CPE3: i32 = 43;
  export const HS_OUT: i32 = 45;
  export const COUNT: i32 = 47;
}

/** How a tensor is stored. */
namespace Layout {
  /** i32 as they come. */
  export const INTEGERS: i32 = 0;
  /** f32 as they come, zeros after them up to a multiple of eight. */
  export const VECTOR: i32 = 1;
  /** A linear weight [rows][columns] in panels of eight rows, [rows / 8][columns][8], rows added as zeros. */
  export const PANELS: i32 = 2;
  /** A depthwise weight [rows][columns] turned into [columns][rows]. */
  export const TRANSPOSED: i32 = 3;
}

/** Largest magnitude of a `hs.*` value ([DICM-S-02]), and of those of the gains ([DICM-S-20]). */
const MAX_WEIGHT: f32 = 256;
const MAX_LOG2_GAIN: f32 = 16;
const MAX_LOG2_INVERSE_GAIN: f32 = 64;
const MAX_INDEX_PER_OCTAVE: f32 = 256;

@unmanaged
class Slot {
  address: usize;
  layout: i32;
  rows: u32;
  columns: u32;
  bound: f32;
}

const SLOT_BYTES: usize = offsetof<Slot>();
const slots = memory.data(i32(SLOT_BYTES) * Tensor.COUNT);

/** Takes the room of every tensor. */
export function placeTensors(factorisedLength: u32, gaussianLength: u32): void {
  placeIntegers(Tensor.FACTORISED_SIZE, hyperChannels);
  placeIntegers(Tensor.FACTORISED_OFFSET, hyperChannels);
  placeIntegers(Tensor.FACTORISED_CDF, factorisedLength);
  placeIntegers(Tensor.GAUSSIAN_SIZE, GAUSSIAN_TABLES);
  placeIntegers(Tensor.GAUSSIAN_OFFSET, GAUSSIAN_TABLES);
  placeIntegers(Tensor.GAUSSIAN_CDF, gaussianLength);
  place(Tensor.GAIN_LOG2, Layout.VECTOR, levels, latentChannels, MAX_LOG2_GAIN);
  place(Tensor.GAIN_LOG2_INVERSE, Layout.VECTOR, levels, latentChannels, MAX_LOG2_INVERSE_GAIN);
  place(Tensor.GAIN_INDEX_PER_OCTAVE, Layout.VECTOR, 1, 1, MAX_INDEX_PER_OCTAVE);
  placeLinear(Tensor.HS_IN, hyperChannels, width1);
  placeDepthwise(Tensor.HS_CPE1, width1);
  placeVit(Tensor.HS_VIT1, width1);
  placeLinear(Tensor.HS_UP1, width1, 4 * width2);
  placeDepthwise(Tensor.HS_CPE2, width2);
  placeVit(Tensor.HS_VIT2, width2);
  placeLinear(Tensor.HS_UP2, width2, 4 * width3);
  placeDepthwise(Tensor.HS_CPE3, width3);
  placeLinear(Tensor.HS_OUT, width3, 2 * latentChannels);
}

/** Values of a tensor. */
export function tensorLength(tensor: i32): u64 {
  const slot = slotOf(tensor);
  return u64(slot.rows) * u64(slot.columns);
}

/** Where a tensor lies, packed. */
export function tensorAddress(tensor: i32): usize {
  return slotOf(tensor).address;
}

/** Inputs of a linear layer. */
export function inputsOf(tensor: i32): u32 {
  return slotOf(tensor).columns;
}

/** Outputs of a linear layer as stored: a multiple of eight. */
export function outputsOf(tensor: i32): u32 {
  return padded(slotOf(tensor).rows);
}

/** Checks the values of a tensor, row-major at `from`, and stores them. */
export function storeTensor(tensor: i32, from: usize): i32 {
  const slot = slotOf(tensor);
  const address = slot.address;
  const count = usize(slot.rows * slot.columns);
  if (slot.layout == Layout.INTEGERS) {
    memory.copy(address, from, count << 2);
    return Status.OK;
  }
  for (let i: usize = 0; i < count; i++) {
    // Written so that NaN fails too.
    if (!(abs(load<f32>(from + (i << 2))) <= slot.bound)) return fail(Status.BAD_TENSOR, f64(i));
  }
  if (slot.layout == Layout.VECTOR) memory.copy(address, from, count << 2);
  else if (slot.layout == Layout.PANELS) packPanels(from, address, slot.rows, slot.columns);
  else transpose(from, address, slot.rows, slot.columns);
  return Status.OK;
}

function packPanels(from: usize, to: usize, rows: u32, columns: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    const lane = row & 7;
    const panel = to + ((((row - lane) * columns) + lane) << 2);
    const source = from + ((row * columns) << 2);
    for (let i: u32 = 0; i < columns; i++) store<f32>(panel + (i << 5), load<f32>(source + (i << 2)));
  }
}

function transpose(from: usize, to: usize, rows: u32, columns: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    for (let i: u32 = 0; i < columns; i++) {
      store<f32>(to + ((i * rows + row) << 2), load<f32>(from + ((row * columns + i) << 2)));
    }
  }
}

function placeVit(tensor: i32, width: u32): void {
  placeNorm(tensor, width);
  placeLinear(tensor + 2, width, 3 * width);
  placeLinear(tensor + 4, width, width);
  placeNorm(tensor + 6, width);
  placeLinear(tensor + 8, width, 2 * width);
  placeLinear(tensor + 10, 2 * width, width);
}

function placeLinear(tensor: i32, inputs: u32, outputs: u32): void {
  place(tensor, Layout.PANELS, outputs, inputs, MAX_WEIGHT);
  place(tensor + 1, Layout.VECTOR, outputs, 1, MAX_WEIGHT);
}

function placeDepthwise(tensor: i32, channels: u32): void {
  place(tensor, Layout.TRANSPOSED, channels, 9, MAX_WEIGHT);
  place(tensor + 1, Layout.VECTOR, channels, 1, MAX_WEIGHT);
}

function placeNorm(tensor: i32, channels: u32): void {
  place(tensor, Layout.VECTOR, channels, 1, MAX_WEIGHT);
  place(tensor + 1, Layout.VECTOR, channels, 1, MAX_WEIGHT);
}

function placeIntegers(tensor: i32, count: u32): void {
  place(tensor, Layout.INTEGERS, count, 1, 0);
}

function place(tensor: i32, layout: i32, rows: u32, columns: u32, bound: f32): void {
  const slot = slotOf(tensor);
  slot.layout = layout;
  slot.rows = rows;
  slot.columns = columns;
  slot.bound = bound;
  const values = layout == Layout.PANELS ? u64(padded(rows)) * u64(columns) : (u64(rows) * u64(columns) + 7) & ~7;
  slot.address = take(values << 2);
}

function padded(outputs: u32): u32 {
  return (outputs + 7) & ~7;
}

function slotOf(tensor: i32): Slot {
  return changetype<Slot>(slots + usize(tensor) * SLOT_BYTES);
}

import { ModelError } from '../errors.js';
import type { TensorMap } from '../tensor.js';
import { floatTensor } from './float-tensor.js';
import { HEAD_CHANNELS, PANEL_OUTPUTS } from './kernels.js';

/** Largest magnitude of a `hs.*` value: with {@link MAX_WIDTH} it rules out overflow ([DICM-S-02]). */
const MAX_WEIGHT = 256;
/** Largest width of a level of the hyper-synthesis. */
const MAX_WIDTH = 512;
/** Largest number of hyper-latent channels, one factorised table each. */
const MAX_HYPER_CHANNELS = 256;
/** Largest number of latent channels. */
const MAX_LATENT_CHANNELS = 1024;

/** A linear layer packed for the kernels. */
export interface LinearWeights {
  readonly inputs: number;
  /** Rounded up to a multiple of 8; the added outputs have zero weight and bias. */
  readonly outputs: number;
  /** [outputs / 8][inputs][8] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A depthwise 3x3 layer: weight [9][channels]. */
export interface DepthwiseWeights {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A layer norm's gain and bias. */
export interface NormWeights {
  readonly gain: Float32Array;
  readonly bias: Float32Array;
}

/** One ViT block. */
export interface VitWeights {
  readonly norm1: NormWeights;
  readonly qkv: LinearWeights;
  readonly proj: LinearWeights;
  readonly norm2: NormWeights;
  readonly mlp1: LinearWeights;
  readonly mlp2: LinearWeights;
}

/** Channels of a hyper-synthesis. */
export interface HyperSynthesisShape {
  readonly hyperChannels: number;
  readonly latentChannels: number;
  /** Channels at hyper-latent, half latent and latent resolution. */
  readonly widths: readonly [number, number, number];
}

/** All weights of the hyper-synthesis, checked and packed. */
export interface HyperSynthesisWeights extends HyperSynthesisShape {
  readonly input: LinearWeights;
  readonly cpe1: DepthwiseWeights;
  readonly vit1: VitWeights;
  readonly up1: LinearWeights;
  readonly cpe2: DepthwiseWeights;
  readonly vit2: VitWeights;
  readonly up2: LinearWeights;
  readonly cpe3: DepthwiseWeights;
  readonly output: LinearWeights;
}

/**
 * Takes every width of a hyper-synthesis from the shapes of its tensors.
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function hyperSynthesisShape(tensors: TensorMap): HyperSynthesisShape {
  const [d1, hyperChannels] = extents(tensors, 'hs.in.weight');
  const [up1, fromD1] = extents(tensors, 'hs.up1.weight');
  const [up2, fromD2] = extents(tensors, 'hs.up2.weight');
  const [out, fromD3] = extents(tensors, 'hs.out.weight');
  const [d2, d3, latentChannels] = [up1 / 4, up2 / 4, out / 2];
  const consistent = fromD1 === d1 && fromD2 === d2 && fromD3 === d3 && Number.isInteger(latentChannels);
  const widthsAllowed = [d1, d2, d3].every((d) => d % HEAD_CHANNELS === 0 && d >= 1 && d <= MAX_WIDTH);
  const channelsAllowed =
    hyperChannels >= 1 &&
    hyperChannels <= MAX_HYPER_CHANNELS &&
    latentChannels >= 1 &&
    latentChannels <= MAX_LATENT_CHANNELS;
  if (!consistent || !widthsAllowed || !channelsAllowed) {
    throw new ModelError(
      'bad-tensor',
      `hyper-synthesis of widths ${d1}, ${d2}, ${d3} from ${hyperChannels} to ${latentChannels} channels ` +
        `is not one: widths are multiples of ${HEAD_CHANNELS} up to ${MAX_WIDTH}`,
    );
  }
  return { hyperChannels, latentChannels, widths: [d1, d2, d3] };
}

/**
 * Reads the `hs.*` tensors of a model.
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function readHyperSynthesisWeights(tensors: TensorMap): HyperSynthesisWeights {
  const shape = hyperSynthesisShape(tensors);
  const { hyperChannels, latentChannels } = shape;
  const [d1, d2, d3] = shape.widths;
  return {
    ...shape,
    input: readLinear(tensors, 'hs.in', hyperChannels, d1),
    cpe1: readDepthwise(tensors, 'hs.cpe1', d1),
    vit1: readVit(tensors, 'hs.vit1', d1),
    up1: readLinear(tensors, 'hs.up1', d1, 4 * d2),
    cpe2: readDepthwise(tensors, 'hs.cpe2', d2),
    vit2: readVit(tensors, 'hs.vit2', d2),
    up2: readLinear(tensors, 'hs.up2', d2, 4 * d3),
    cpe3: readDepthwise(tensors, 'hs.cpe3', d3),
    output: readLinear(tensors, 'hs.out', d3, 2 * latentChannels),
  };
}

/**
 * The values of all `hs.*` tensors as the model has them, row-major, in the order of the network: the tensors that the
 * tile core takes after tables and gains (docs/tile-core.md).
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function hyperSynthesisTensors(tensors: TensorMap, shape: HyperSynthesisShape): Float32Array[] {
  const [d1, d2, d3] = shape.widths;
  const linear = (name: string, inputs: number, outputs: number): [string, number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const depthwise = (name: string, channels: number): [string, number[]][] => [
    [`${name}.weight`, [channels, 1, 3, 3]],
    [`${name}.bias`, [channels]],
  ];
  const norm = (name: string, channels: number): [string, number[]][] => [
    [`${name}.weight`, [channels]],
    [`${name}.bias`, [channels]],
  ];
  const vit = (name: string, width: number): [string, number[]][] => [
    ...norm(`${name}.norm1`, width),
    ...linear(`${name}.qkv`, width, 3 * width),
    ...linear(`${name}.proj`, width, width),
    ...norm(`${name}.norm2`, width),
    ...linear(`${name}.mlp1`, width, 2 * width),
    ...linear(`${name}.mlp2`, 2 * width, width),
  ];
  const list = [
    ...linear('hs.in', shape.hyperChannels, d1),
    ...depthwise('hs.cpe1', d1),
    ...vit('hs.vit1', d1),
    ...linear('hs.up1', d1, 4 * d2),
    ...depthwise('hs.cpe2', d2),
    ...vit('hs.vit2', d2),
    ...linear('hs.up2', d2, 4 * d3),
    ...depthwise('hs.cpe3', d3),
    ...linear('hs.out', d3, 2 * shape.latentChannels),
  ];
  return list.map(([name, extents]) => floatTensor(tensors, name, extents, MAX_WEIGHT).data);
}

/** Shape of a linear weight, whose values are checked when it is read. */
function extents(tensors: TensorMap, name: string): [number, number] {
  const shape = tensors.get(name)?.shape;
  if (shape === undefined) throw new ModelError('missing-tensor', `the model has no tensor ${name}`);
  if (shape.length !== 2) throw new ModelError('bad-tensor', `${name} has ${shape.length} dimensions, not 2`);
  return [shape[0]!, shape[1]!];
}

function readVit(tensors: TensorMap, name: string, width: number): VitWeights {
  return {
    norm1: readNorm(tensors, `${name}.norm1`, width),
    qkv: readLinear(tensors, `${name}.qkv`, width, 3 * width),
    proj: readLinear(tensors, `${name}.proj`, width, width),
    norm2: readNorm(tensors, `${name}.norm2`, width),
    mlp1: readLinear(tensors, `${name}.mlp1`, width, 2 * width),
    mlp2: readLinear(tensors, `${name}.mlp2`, 2 * width, width),
  };
}

function readNorm(tensors: TensorMap, name: string, width: number): NormWeights {
  return {
    gain: floatTensor(tensors, `${name}.weight`, [width], MAX_WEIGHT).data,
    bias: floatTensor(tensors, `${name}.bias`, [width], MAX_WEIGHT).data,
  };
}

function readDepthwise(tensors: TensorMap, name: string, width: number): DepthwiseWeights {
  const { data } = floatTensor(tensors, `${name}.weight`, [width, 1, 3, 3], MAX_WEIGHT);
  const weight = new Float32Array(9 * width);
  for (let c = 0; c < width; c++) {
    for (let tap = 0; tap < 9; tap++) weight[tap * width + c] = data[c * 9 + tap]!;
  }
  return { weight, bias: floatTensor(tensors, `${name}.bias`, [width], MAX_WEIGHT).data };
}

function readLinear(tensors: TensorMap, name: string, inputs: number, outputs: number): LinearWeights {
  const { data } = floatTensor(tensors, `${name}.weight`, [outputs, inputs], MAX_WEIGHT);
  const padded = Math.ceil(outputs / PANEL_OUTPUTS) * PANEL_OUTPUTS;
  const weight = new Float32Array(padded * inputs);
  for (let o = 0; o < outputs; o++) {
    const lane = o % PANEL_OUTPUTS;
    packRow(data, o * inputs, inputs, weight, (o - lane) * inputs + lane);
  }
  const bias = new Float32Array(padded);
  bias.set(floatTensor(tensors, `${name}.bias`, [outputs], MAX_WEIGHT).data);
  return { inputs, outputs: padded, weight, bias };
}

/** Spreads one output's weights over a panel. */
function packRow(from: Float32Array, start: number, inputs: number, to: Float32Array, first: number): void {
  for (let i = 0, at = first; i < inputs; i++, at += PANEL_OUTPUTS) to[at] = from[start + i]!;
}

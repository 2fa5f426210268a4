import { writeFileSync } from 'node:fs';
import { OnnxGraph } from '../../../src/nn/onnx/graph.js';
import type { Tensor } from '../../../src/tensor.js';

/** Side of the input, in pixels. */
const SIDE = 32;
/** Positions of the three grids. */
const POSITIONS = 16 + 4 + 1;
const VALUES = 85;

/** What a position says: offset of the centre and logarithm of the size, in strides, and the score of a category. */
export interface Said {
  readonly position: number;
  readonly box: readonly [number, number, number, number];
  readonly category: number;
  readonly score: number;
}

/**
 * Writes a network in YOLOX's layout that says the same of every picture, but for the objectness of its positions: that is the
 * mean of the input's first plane over 255, which is blue.
 */
export function writeDetector(path: string, said: readonly Said[], outputs = VALUES): string {
  const base = new Float32Array(POSITIONS * outputs);
  const blue = new Float32Array(POSITIONS * outputs);
  for (const { position, box, category, score } of said) {
    base.set(box, position * outputs);
    base[position * outputs + 5 + category] = score;
    blue[position * outputs + 4] = 1 / 255;
  }
  const shape = [1, POSITIONS, outputs];
  const graph = new OnnxGraph({ embedWeights: true });
  graph.port('input', 'images', [1, 3, SIDE, SIDE]);
  const plane = graph.node('Gather', ['images', graph.integers([0])], { axis: 1 })[0]!;
  const mean = graph.node('GlobalAveragePool', [plane])[0]!;
  const number = graph.node('Reshape', [mean, graph.integers([1, 1, 1])])[0]!;
  const weighted = graph.node('Mul', [number, graph.weight('blue', shape, constant(shape, blue))])[0]!;
  graph.node('Add', [weighted, graph.weight('base', shape, constant(shape, base))], {}, ['output']);
  graph.port('output', 'output', shape);
  writeFileSync(path, graph.finish().model);
  return path;
}

function constant(shape: readonly number[], data: Float32Array): Tensor {
  return { dtype: 'f32', shape, data };
}

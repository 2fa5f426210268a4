/** A constant of a model: row-major, outermost dimension first, widened to 32 bits. */
export interface Tensor {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  /** Values; may be widened from storage on access, so read it once and keep the result. */
  readonly data: Float32Array | Int32Array;
}

/** Tensors of a model by name. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** The tensors whose names begin with a prefix, by what follows it. */
export function prefixedTensors(tensors: TensorMap, prefix: string): TensorMap {
  if (prefix === '') return tensors;
  const found = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix)) found.set(name.slice(prefix.length), tensor);
  }
  return found;
}

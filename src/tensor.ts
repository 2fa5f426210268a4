/** A constant of a model: row-major, outermost dimension first, widened to 32 bits. */
export interface Tensor {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  /** Values; may be widened from storage on access, so read it once and keep the result. */
  readonly data: Float32Array | Int32Array;
}

/** Tensors of a model by name. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** A constant of a model: row-major, outermost dimension first, widened to 32 bits. */
export interface Tensor {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  /** Values; may be widened from storage on access, so read it once and keep the result. */
  readonly data: Float32Array | Int32Array;
  /** How the values are stored, where that is smaller than binary32. */
  readonly stored?: StoredValues | undefined;
}

/** Values in a smaller form, row-major, little-endian. */
export type StoredValues =
  | { readonly type: 'f16'; readonly bytes: Uint8Array }
  /** value = integer * scale of its output channel, the outermost dimension */
  | { readonly type: 'i8'; readonly bytes: Uint8Array; readonly scale: Float32Array };

/** What tensors of a model are for, in the order of its weights files. */
export const TENSOR_USES = ['entropy', 'encoder', 'synthesis', 'tail', 'heads', 'search', 'ranges'] as const;

/** What a tensor of a model is for. */
export type TensorUse = (typeof TENSOR_USES)[number];

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

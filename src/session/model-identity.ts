import type { ClassLabel } from '../tasks/classify/top-predictions.js';

/** Names of a model. */
export interface ModelIdentity {
  name: string;
  /** First 8 hexadecimal digits of the hash of what entropy decoding needs. */
  decodeId: string;
  /** First 4 hexadecimal digits of the hash of what analysis needs. */
  renderId: string;
}

/** What a model can say: the names in its answers, and which vectors it makes. */
export interface ModelVocabulary extends ModelIdentity {
  /** In the order of the classifier's outputs; empty in models without one. */
  classes: readonly ClassLabel[];
  /** Of objects; empty in models that only classify. */
  categories: readonly { readonly id: number; readonly name: string }[];
  /** Of the task `vector`; absent in models without a projection. */
  vectors?: { readonly space: string; readonly dimensions: number };
}

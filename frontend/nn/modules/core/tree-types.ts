/** Types of variables. */
import type { NdArray } from "../../../core/index.ts";
import type { KeyLike } from "../../../random/index.ts";

/**
 * Names to arrays or further names. As only the module knows which of the two a name leads to, the type lets both be
 * written: `variables.params.Dense_0.kernel.shape`.
 */
export interface VariableTree {
  readonly [name: string]: VariableTree & NdArray;
}

/** Collections of variables, as init gives them: `{ params: { Dense_0: { kernel, bias } }, batch_stats: { … } }`. */
export interface VariableDict {
  readonly params: VariableTree;
  readonly [collection: string]: VariableTree;
}

/** What apply takes: any nested objects of arrays, by collection. */
export type Variables = object;

/** A key, for parameters, or keys by what they are for: `{ params: key, dropout: key2 }`. */
export type Rngs = KeyLike | { readonly [sequence: string]: KeyLike };

/** A collection, or a part of one, while a module runs. */
export interface MutableTree {
  [name: string]: unknown;
}

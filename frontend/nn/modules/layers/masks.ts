/** Masks of attention (`flax/linen/attention.py`). */
import type { DType } from "../../../../compiler/types/dtype.ts";
import { convert, type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { expandDims, iota } from "../../../lax/movement.ts";
import { broadcastTo } from "../../../lax/operands.ts";
import { greaterEqual, logicalAnd } from "../../../numpy/logic.ts";
import { multiply } from "../../../numpy/ufuncs.ts";

/** Options of `makeAttentionMask` and `makeCausalMask`. */
export interface MaskOptions {
  /** Axes of extent 1 in front. Default 0. */
  readonly extraBatchDims?: number;
  /** Default float32. */
  readonly dtype?: DType;
}

/**
 * [...batch, queries] and [...batch, keys] → [...batch, 1, queries, keys], by a function of each pair, which is by default
 * their product (`flax.linen.make_attention_mask`).
 */
export function makeAttentionMask(
  queryInput: NdArray,
  keyInput: NdArray,
  pairwise: (query: NdArray, key: NdArray) => NdArray = multiply,
  { extraBatchDims = 0, dtype = "float32" }: MaskOptions = {},
): NdArray {
  const pairs = pairwise(
    expandDims(queryInput, [queryInput.ndim]),
    expandDims(keyInput, [keyInput.ndim - 1]),
  );
  const withHeads = expandDims(pairs, [pairs.ndim - 2]);
  return convert(expandDims(withHeads, range(extraBatchDims)), dtype);
}

/** [...batch, length] → [...batch, 1, length, length]: each place sees itself and those before (`make_causal_mask`). */
export function makeCausalMask(x: NdArray, options: MaskOptions = {}): NdArray {
  const places = broadcastTo(iota("int32", x.shape[x.ndim - 1]), x.shape);
  return makeAttentionMask(places, places, greaterEqual, options);
}

/** Where all masks hold; null stands for everywhere (`flax.linen.combine_masks`). */
export function combineMasks(...masks: readonly (NdArray | null)[]): NdArray | null {
  const given = masks.filter((mask) => mask !== null);
  if (given.length === 0) return null;
  if (given.some((mask) => mask.ndim !== given[0].ndim)) {
    throw new WeftValueError(`masks must have same rank: ${given.map((mask) => mask.ndim).join(", ")}`);
  }
  return convert(
    given.reduce((all, mask) => logicalAnd(all, mask)),
    "float32",
  );
}

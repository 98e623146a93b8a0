/** Sorting of `jax.lax`: stable, ascending, NaN last. */
import { type ArrayLike, asArray, bind, NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis } from "./axes.ts";
import { broadcastedIota, rev, sliceInDim } from "./movement.ts";
import { checkSameShape } from "./operands.ts";

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Axis to sort along; default the last. */
  readonly dimension?: number;
  /** Sorts are always stable. */
  readonly isStable?: boolean;
  /** How many operands are compared, one after the other; the others move along. Default 1. */
  readonly numKeys?: number;
}

/** x sorted along an axis (`jax.lax.sort`). */
export function sort(x: ArrayLike, options?: SortOptions): NdArray;
/** Operands of one shape sorted together by the first `numKeys` of them (`jax.lax.sort`). */
export function sort(operands: readonly ArrayLike[], options?: SortOptions): NdArray[];
export function sort(x: ArrayLike | readonly ArrayLike[], options: SortOptions = {}): NdArray | NdArray[] {
  if (isSingle(x)) return sortTogether([asArray(x)], options)[0];
  return sortTogether(x.map(asArray), options);
}

function isSingle(x: ArrayLike | readonly ArrayLike[]): x is ArrayLike {
  return x instanceof NdArray || !Array.isArray(x);
}

function sortTogether(arrays: readonly NdArray[], options: SortOptions): NdArray[] {
  if (arrays.length === 0) throw new WeftValueError("Sort requires at least one operand");
  checkSameShape("sort", arrays);
  const dimension = canonicalizeAxis(options.dimension ?? -1, arrays[0].ndim);
  const params = { dimension, isStable: options.isStable ?? true, numKeys: options.numKeys ?? 1 };
  return bind(
    "sort",
    arrays,
    params,
    arrays.map((x) => x.weakType),
  );
}

/** Keys sorted, and the values in the order of their keys (`jax.lax.sort_key_val`). */
export function sortKeyVal(keys: ArrayLike, values: ArrayLike, dimension = -1): [NdArray, NdArray] {
  const [sortedKeys, sortedValues] = sort([keys, values], { dimension });
  return [sortedKeys, sortedValues];
}

/**
 * The places that sort x along an axis: int32. Descending, equal elements still keep their order, and NaN comes first.
 */
export function sortedOrder(x: NdArray, axis: number, descending = false): [sorted: NdArray, order: NdArray] {
  const places = broadcastedIota("int32", x.shape, axis);
  if (!descending) {
    const [sorted, order] = sort([x, places], { dimension: axis });
    return [sorted, order];
  }
  // Backwards twice: among equal elements the order is turned round twice.
  const [sorted, order] = sort([rev(x, [axis]), rev(places, [axis])], { dimension: axis });
  return [rev(sorted, [axis]), rev(order, [axis])];
}

/**
 * The k greatest elements along an axis, greatest first, and their places as int32 (`jax.lax.top_k`). Of equal ones
 * the first comes first; NaN counts as greatest. Throws WeftValueError where k is more than the axis has.
 */
export function topK(
  x: ArrayLike,
  k: number,
  options: { axis?: number } = {},
): [values: NdArray, indices: NdArray] {
  const operand = asArray(x);
  if (operand.ndim === 0) throw new WeftValueError("top_k operand must have >= 1 dimension, got ()");
  const axis = canonicalizeAxis(options.axis ?? -1, operand.ndim);
  if (!Number.isInteger(k) || k < 0)
    throw new WeftValueError(`k argument to top_k must be nonnegative, got ${k}`);
  if (k > operand.shape[axis]) {
    throw new WeftValueError(
      `k argument to top_k must be no larger than size along axis; got k=${k} with shape=[${operand.shape.join(", ")}] ` +
        `and axis=${axis}`,
    );
  }
  const [sorted, order] = sortedOrder(operand, axis, true);
  return [sliceInDim(sorted, 0, k, { axis }), sliceInDim(order, 0, k, { axis })];
}

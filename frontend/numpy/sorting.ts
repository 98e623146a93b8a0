/** Sorting, searching, counting (`jax.numpy`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, convert, full, NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, concatenate, expandDims, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { reduceSum } from "../lax/reductions.ts";
import { sortedOrder, sort as sortTogether } from "../lax/sorting.ts";
import { array } from "./array.ts";
import { isnan, truth, where } from "./logic.ts";
import { isArrayLike, ravel } from "./movement.ts";
import { nonzero, type SizeOptions } from "./nonzero.ts";
import { concreteData, promoteDTypes, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { take } from "./take.ts";

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Default the last; null sorts the array flattened. */
  readonly axis?: number | null;
  readonly descending?: boolean;
  /** Whether equal elements keep their order; sorts always do. */
  readonly stable?: boolean;
}

function alongAxis(
  name: string,
  x: ArrayLike,
  given: SortOptions | number | null,
): { a: NdArray; axis: number; descending: boolean } {
  const options: SortOptions = given === null || typeof given === "number" ? { axis: given } : given;
  const operand = toArray(name, x);
  const flat = options.axis === null;
  const a = flat ? ravel(operand) : operand;
  return { a, axis: canonicalizeAxis(options.axis ?? -1, a.ndim), descending: options.descending ?? false };
}

/** Elements in ascending order, NaN last; stable (`jnp.sort`). */
export function sort(x: ArrayLike, options: SortOptions | number | null = {}): NdArray {
  const { a, axis, descending } = alongAxis("sort", x, options);
  const sorted = sortTogether(a, { dimension: axis });
  return descending ? rev(sorted, [axis]) : sorted;
}

/** The places that sort an array; equal elements keep their order (`jnp.argsort`): int32. */
export function argsort(x: ArrayLike, options: SortOptions | number | null = {}): NdArray {
  const { a, axis, descending } = alongAxis("argsort", x, options);
  return sortedOrder(a, axis, descending)[1];
}

/** The places that sort by the last key, then by the one before it, … (`jnp.lexsort`): int32. */
export function lexsort(keys: readonly ArrayLike[] | NdArray, options: { axis?: number } = {}): NdArray {
  const arrays = (keys instanceof NdArray ? [...keys] : keys).map((x) => toArray("lexsort", x));
  if (arrays.length === 0) throw new WeftTypeError("need sequence of keys with len > 0 in lexsort");
  const axis = canonicalizeAxis(options.axis ?? -1, arrays[0].ndim);
  const places = broadcastedIota("int32", arrays[0].shape, axis);
  const sorted = sortTogether([...arrays.toReversed(), places], { dimension: axis, numKeys: arrays.length });
  return sorted[arrays.length];
}

/** A vector along an axis sorted, its axis, and the place kth counted from the front. */
function aroundKth(name: string, x: ArrayLike, kth: number, given: number | undefined) {
  const a = toArray(name, x);
  const axis = canonicalizeAxis(given ?? -1, a.ndim);
  const n = a.shape[axis];
  const at = canonicalizeAxis(kth, n, "kth");
  const [sorted, order] = sortedOrder(a, axis);
  const part = (y: NdArray, from: number, to: number): NdArray => sliceInDim(y, from, to, { axis });
  return {
    axis,
    bottom: (y: NdArray) => part(y, 0, at + 1),
    top: (y: NdArray) => part(y, at + 1, n),
    sorted,
    order,
  };
}

/**
 * The element at place kth in order, the smaller before it and the others behind (`jnp.partition`). As in JAX the
 * smaller ascend and the others descend.
 */
export function partition(x: ArrayLike, kth: number, options: { axis?: number } = {}): NdArray {
  const { axis, bottom, top, sorted } = aroundKth("partition", x, kth, options.axis);
  return concatenate([bottom(sorted), rev(top(sorted), [axis])], axis);
}

/** The places that make a partition, those of the greater elements in ascending order (`jnp.argpartition`): int32. */
export function argpartition(x: ArrayLike, kth: number, options: { axis?: number } = {}): NdArray {
  const { axis, bottom, top, order } = aroundKth("argpartition", x, kth, options.axis);
  return concatenate([bottom(order), sortTogether(top(order), { dimension: axis })], axis);
}

/** Options of `compress`. */
export interface CompressOptions extends SizeOptions {
  readonly axis?: number | null;
}

/**
 * Elements where a condition (a vector) holds, along an axis or of the flattened array (`jnp.compress`). Under jit it
 * needs `size`; then `fillValue` (default 0) stands behind the elements.
 */
export function compress(
  condition: ArrayLike | readonly boolean[],
  x: ArrayLike,
  options: CompressOptions = {},
): NdArray {
  const mask = truth(isArrayLike(condition) ? condition : array([...condition]));
  if (mask.ndim !== 1) throw new WeftValueError("condition must be a 1D array");
  const given = toArray("compress", x);
  const { axis: wanted = null, size = null, fillValue = 0 } = options;
  const a = wanted === null ? ravel(given) : given;
  const axis = wanted === null ? 0 : canonicalizeAxis(wanted, a.ndim);
  const n = a.shape[axis];
  if (size === null) {
    const [places] = nonzero(mask);
    if (mask.size > n && concreteData(places, "").length > 0 && reduce.max(places).item() >= n) {
      throw new WeftValueError("condition contains entries that are out of bounds");
    }
    return take(a, places, { axis, mode: "clip" });
  }
  if (!Number.isInteger(size) || size < 0 || size > n) {
    throw new WeftValueError(
      "size must be positive and not greater than the size of the array axis; " +
        `got size=${size} for a.shape[axis]=${n}`,
    );
  }
  const within = sliceInDim(mask, 0, Math.min(mask.size, n));
  const [places] = nonzero(within, { size });
  const found = take(a, places, { axis, mode: "clip" });
  const count = reduceSum(convert(within, "int32"));
  const valid = lax.lt(broadcastedIota("int32", found.shape, axis), broadcastTo(count, found.shape));
  return where(valid, found, convert(toArray("compress", fillValue ?? 0), a.dtype));
}

/** Elements of the flattened array where a condition holds (`jnp.extract`). Under jit it needs `size`. */
export function extract(condition: ArrayLike, x: ArrayLike, options: SizeOptions = {}): NdArray {
  return compress(ravel(condition), x, options);
}

/** Options of `searchsorted`. */
export interface SearchOptions {
  /** The place before (left, default) or behind equal elements. */
  readonly side?: "left" | "right";
  /** The places that sort the vector, where it is not in order. */
  readonly sorter?: ArrayLike | null;
}

/** Where elements go into a sorted vector (`jnp.searchsorted`): int32 of the shape of v. By bisection. */
export function searchsorted(sorted: ArrayLike, v: ArrayLike, options: SearchOptions = {}): NdArray {
  const { side = "left", sorter = null } = options;
  const given = sorter === null ? sorted : take(sorted, sorter, { mode: "clip" });
  const [a, query] = promoteDTypes("searchsorted", given, v);
  if (a.ndim !== 1) throw new WeftValueError("a should be 1-dimensional");
  if (side !== "left" && side !== "right") {
    throw new WeftValueError(`invalid argument side='${String(side)}', expected 'left' or 'right'`);
  }
  const n = a.shape[0];
  let low = full(0, "int32", query.shape);
  if (n === 0) return low;
  let high = full(n, "int32", query.shape);
  for (const _ of range(Math.ceil(Math.log2(n + 1)))) {
    const middle = lax.div(lax.add(low, high), 2);
    const element = take(a, middle, { axis: 0, mode: "clip" });
    // NaN is greater than every number.
    let below = side === "left" ? lax.lt(element, query) : lax.bitwiseNot(lax.lt(query, element));
    if (isFloating(a.dtype)) {
      const [elementNan, queryNan] = [isnan(element), isnan(query)];
      below =
        side === "left"
          ? lax.bitwiseOr(below, lax.bitwiseAnd(lax.bitwiseNot(elementNan), queryNan))
          : lax.bitwiseAnd(below, lax.bitwiseOr(queryNan, lax.bitwiseNot(elementNan)));
    }
    const open = lax.lt(low, high);
    low = lax.select(lax.bitwiseAnd(open, below), lax.add(middle, 1), low);
    high = lax.select(lax.bitwiseAnd(open, lax.bitwiseNot(below)), middle, high);
  }
  return low;
}

/** Whether every element occurs in the other array (`jnp.isin`): bool of the shape of x. */
export function isin(x: ArrayLike, test: ArrayLike, options: { invert?: boolean } = {}): NdArray {
  const [a, candidates] = promoteDTypes("isin", x, ravel(test));
  const shape = [...a.shape, candidates.size];
  const same = lax.eq(broadcastTo(expandDims(a, [a.ndim]), shape), broadcastTo(candidates, shape));
  const found = sizeOf(shape) === 0 ? full(0, "bool", a.shape) : reduce.any(same, { axis: -1 });
  return (options.invert ?? false) ? lax.bitwiseNot(found) : found;
}

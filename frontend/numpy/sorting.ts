/** Sorting, searching, counting (`jax.numpy`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { rowMajorStrides, sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  full,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { scatterAdd } from "../lax/indexing.ts";
import { broadcastedIota, concatenate, expandDims, reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { cumsum, reduceSum } from "../lax/reductions.ts";
import { sortedOrder, sort as sortTogether } from "../lax/sorting.ts";
import { array } from "./array.ts";
import { isnan, truth, where } from "./logic.ts";
import { isArrayLike, ravel } from "./movement.ts";
import { concreteData, promoteDTypes, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { take } from "./take.ts";

export interface SortOptions {
  /** Default the last; null sorts the array flattened. */
  readonly axis?: number | null;
  readonly descending?: boolean;
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

/** The element at place kth in order, the smaller before it and the others behind, in order (`jnp.partition`). */
export function partition(x: ArrayLike, kth: number, options: { axis?: number } = {}): NdArray {
  const a = toArray("partition", x);
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim);
  canonicalizeAxis(kth, a.shape[axis], "kth");
  return sort(a, { axis });
}

export interface SizeOptions {
  /** How many results there are to be: required where values are not known while tracing. */
  readonly size?: number | null;
  /** What stands behind the last result. */
  readonly fillValue?: ArrayLike | null;
}

/** Places of the elements ≠ 0, an int32 vector for every axis (`jnp.nonzero`). */
export function nonzero(x: ArrayLike, options: SizeOptions = {}): NdArray[] {
  const a = toArray("nonzero", x);
  const mask = truth(a, "nonzero");
  const strides = rowMajorStrides(a.shape);
  const { size = null, fillValue = null } = options;
  if (size === null) {
    const elements = concreteData(
      mask,
      "The size argument of np.nonzero must be statically specified to use np.nonzero within transformations.",
    );
    const found = range(a.size).filter((i) => elements[i] !== 0);
    return a.shape.map((n, axis) =>
      arrayFromData(
        found.map((i) => Math.floor(i / strides[axis]) % n),
        "int32",
        [found.length],
      ),
    );
  }
  const flat = reshape(mask, [a.size]);
  const count = reduceSum(convert(flat, "int32"));
  // Place i goes to slot (number of hits up to i) − 1; what is no hit goes nowhere.
  const order = lax.sub(cumsum(convert(flat, "int32")), 1);
  const slots = lax.select(flat, order, numberAs(size, "int32", [a.size]));
  const places = scatterAdd(
    full(0, "int32", [size]),
    expandDims(slots, [1]),
    broadcastedIota("int32", [a.size], 0),
    {
      updateWindowDims: [],
      insertedWindowDims: [0],
      scatterDimsToOperandDims: [0],
    },
  );
  const valid = lax.lt(broadcastedIota("int32", [size], 0), broadcastTo(count, [size]));
  return a.shape.map((n, axis) =>
    where(
      valid,
      lax.rem(lax.div(places, strides[axis]), n),
      convert(toArray("nonzero", fillValue ?? 0), "int32"),
    ),
  );
}

/** Places of the elements ≠ 0 of the flattened array (`jnp.flatnonzero`). */
export function flatnonzero(x: ArrayLike, options: SizeOptions = {}): NdArray {
  return nonzero(ravel(x), options)[0];
}

/** Places of the elements ≠ 0: [count, ndim] (`jnp.argwhere`). */
export function argwhere(x: ArrayLike, options: SizeOptions = {}): NdArray {
  const parts = nonzero(x, options);
  const n = parts[0]?.size ?? 0;
  if (parts.length === 0) return full(0, "int32", [n, 0]);
  return concatenate(
    parts.map((p) => expandDims(p, [1])),
    1,
  );
}

/** Elements where a condition holds, along an axis or of the flattened array; outside of jit (`jnp.compress`). */
export function compress(
  condition: ArrayLike | readonly boolean[],
  x: ArrayLike,
  options: { axis?: number | null } = {},
): NdArray {
  const mask = isArrayLike(condition) ? condition : array([...condition]);
  const a = toArray("compress", x);
  const [places] = nonzero(mask);
  return take(a, places, { axis: options.axis ?? null, mode: "clip" });
}

/** Elements of the flattened array where a condition holds; outside of jit (`jnp.extract`). */
export function extract(condition: ArrayLike, x: ArrayLike): NdArray {
  return compress(ravel(condition), x);
}

export interface UniqueOptions extends SizeOptions {
  readonly returnIndex?: boolean;
  readonly returnInverse?: boolean;
  readonly returnCounts?: boolean;
}

/** What `uniqueAll` gives; each a vector but the inverse, which has the operand's shape. */
export interface UniqueResult {
  /** The distinct elements in ascending order. */
  readonly values: NdArray;
  /** Where each of them is first in the flattened operand. */
  readonly indices: NdArray;
  /** Which of them every element is. */
  readonly inverse: NdArray;
  readonly counts: NdArray;
}

/**
 * Distinct elements of the flattened array, with their places and counts (`jnp.unique_all`). With `size`, missing ones
 * are filled with `fillValue`, or with the least element. Without `size` the array must have its values.
 */
export function uniqueAll(x: ArrayLike, options: SizeOptions = {}): UniqueResult {
  const operand = toArray("unique", x);
  const a = ravel(operand);
  const n = a.size;
  if (n === 0) {
    const none = full(0, "int32", [0]);
    return { values: a, indices: none, inverse: reshape(none, operand.shape), counts: none };
  }
  const [sorted, order] = sortedOrder(a, 0);
  const [before, after] = [sliceInDim(sorted, 0, n - 1), sliceInDim(sorted, 1, n)];
  const differ = lax.ne(before, after);
  // NaN is one value, though no NaN equals another.
  const news = isFloating(a.dtype)
    ? lax.bitwiseAnd(differ, lax.bitwiseNot(lax.bitwiseAnd(isnan(before), isnan(after))))
    : differ;
  const first = concatenate([full(1, "bool", [1]), news], 0);
  const group = lax.sub(cumsum(convert(first, "int32")), 1);
  let { size = null } = options;
  if (size === null) {
    const flags = concreteData(
      first,
      "The error arose for the first argument of np.unique(). To make np.unique() compatible with jit and other " +
        "transforms, you can specify a concrete value for the size argument.",
    );
    size = Array.from(flags).filter((f) => f !== 0).length;
  }
  const [places] = nonzero(first, { size });
  const present = lax.le(
    broadcastedIota("int32", [size], 0),
    broadcastTo(sliceToScalar(group, n - 1), [size]),
  );
  const found = take(sorted, places, { axis: 0, mode: "clip" });
  const fill = options.fillValue ?? null;
  const values = fill === null ? found : where(present, found, convert(toArray("unique", fill), a.dtype));
  const add = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  const counts = scatterAdd(full(0, "int32", [size]), expandDims(group, [1]), full(1, "int32", [n]), add);
  const inverse = scatterAdd(full(0, "int32", [n]), expandDims(order, [1]), group, add);
  return {
    values,
    indices: take(order, places, { axis: 0, mode: "clip" }),
    inverse: reshape(inverse, operand.shape),
    counts,
  };
}

function sliceToScalar(x: NdArray, at: number): NdArray {
  return reshape(sliceInDim(x, at, at + 1), []);
}

/**
 * Distinct elements in ascending order (`jnp.unique`); with returnIndex, returnInverse or returnCounts a list of them
 * and these, in this order. Under `jit` it needs `size`.
 */
export function unique(x: ArrayLike, options?: SizeOptions): NdArray;
export function unique(x: ArrayLike, options: UniqueOptions): NdArray | NdArray[];
export function unique(x: ArrayLike, options: UniqueOptions = {}): NdArray | NdArray[] {
  const { values, indices, inverse, counts } = uniqueAll(x, options);
  const { returnIndex = false, returnInverse = false, returnCounts = false } = options;
  if (!returnIndex && !returnInverse && !returnCounts) return values;
  return [
    values,
    ...(returnIndex ? [indices] : []),
    ...(returnInverse ? [inverse] : []),
    ...(returnCounts ? [counts] : []),
  ];
}

export interface SearchOptions {
  /** The place before (left, default) or behind equal elements. */
  readonly side?: "left" | "right";
}

/** Where elements go into a sorted vector (`jnp.searchsorted`): int32 of the shape of v. By bisection. */
export function searchsorted(sorted: ArrayLike, v: ArrayLike, options: SearchOptions = {}): NdArray {
  const [a, query] = promoteDTypes("searchsorted", sorted, v);
  if (a.ndim !== 1) throw new WeftValueError("a should be 1-dimensional");
  const { side = "left" } = options;
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

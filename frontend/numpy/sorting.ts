/** Sorting, searching, counting (`jax.numpy`). */
import { DTYPE_INFO, isFloating } from "../../compiler/types/dtype.ts";
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
import { array, linspace } from "./creation.ts";
import { isnan, truth, where } from "./logic.ts";
import { isArrayLike, ravel } from "./movement.ts";
import { concreteData, promoteDTypes, promoteDTypesInexact, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { indexOperand, take } from "./take.ts";
import { divide } from "./ufuncs.ts";

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

/** The bin of every element among ascending or descending edges (`jnp.digitize`): int32. */
export function digitize(x: ArrayLike, bins: ArrayLike, options: { right?: boolean } = {}): NdArray {
  const edges = toArray("digitize", bins);
  const side = (options.right ?? false) ? "left" : "right";
  const n = edges.shape[0] ?? 0;
  if (n <= 1) return searchsorted(edges, x, { side });
  const ascending = searchsorted(edges, x, { side });
  const descending = lax.sub(n, searchsorted(rev(edges, [0]), x, { side }));
  const rising = lax.ge(sliceToScalar(edges, n - 1), sliceToScalar(edges, 0));
  return lax.select(rising, ascending, descending);
}

export interface BincountOptions {
  readonly weights?: ArrayLike | null;
  readonly minlength?: number;
  /** Extent of the result: required where values are not known while tracing; more is dropped. */
  readonly length?: number | null;
}

/** How often each number 0, 1, … occurs, or the sum of its weights (`jnp.bincount`). */
export function bincount(x: ArrayLike, options: BincountOptions = {}): NdArray {
  const a = indexOperand("bincount", x);
  if (a.ndim !== 1) throw new WeftValueError("only 1-dimensional input supported.");
  const { weights = null, minlength = 0 } = options;
  let length = options.length ?? null;
  if (length === null) {
    const elements = concreteData(
      a,
      "The error occurred because of argument 'x' of np.bincount. To avoid this error, pass a static `length` argument.",
    );
    length = Array.from(elements).reduce((m, v) => Math.max(m, v + 1), minlength);
  }
  const w = weights === null ? full(1, "int32", a.shape) : toArray("bincount", weights);
  // Negative numbers count as 0, as in JAX.
  return scatterAdd(full(0, w.dtype, [length]), expandDims(lax.max(a, 0), [1]), w, {
    updateWindowDims: [],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
  });
}

export interface HistogramOptions {
  /** Lower and upper end of the bins. Default: least and greatest element. */
  readonly range?: readonly [ArrayLike, ArrayLike] | null;
  readonly weights?: ArrayLike | null;
  /** Densities, which integrate to 1, in place of counts. */
  readonly density?: boolean;
}

/** Edges of bins of equal width, or those given (`jnp.histogram_bin_edges`). */
export function histogramBinEdges(
  x: ArrayLike,
  bins: number | ArrayLike = 10,
  options: Pick<HistogramOptions, "range"> = {},
): NdArray {
  if (bins instanceof NdArray && bins.ndim === 1) return bins;
  const [a] = promoteDTypesInexact("histogram", ravel(x));
  const { range: limits = null } = options;
  const low = limits === null ? reduce.min(a) : convert(toArray("histogram", limits[0]), a.dtype);
  const high = limits === null ? reduce.max(a) : convert(toArray("histogram", limits[1]), a.dtype);
  const flat = lax.eq(low, high);
  return linspace(
    lax.select(flat, lax.sub(low, 0.5), low),
    lax.select(flat, lax.add(high, 0.5), high),
    Number(bins) + 1,
    { dtype: a.dtype },
  );
}

/** Counts of elements in bins, and the bins' edges; the last bin contains its upper edge (`jnp.histogram`). */
export function histogram(
  x: ArrayLike,
  bins: number | ArrayLike = 10,
  options: HistogramOptions = {},
): [counts: NdArray, edges: NdArray] {
  const { weights = null, density = false } = options;
  const edges = histogramBinEdges(x, bins, options);
  const [a, bounds] = promoteDTypesInexact("histogram", ravel(x), edges);
  const w = weights === null ? full(1, a.dtype, a.shape) : convert(ravel(weights), a.dtype);
  const n = bounds.size - 1;
  const bin = lax.sub(searchsorted(bounds, a, { side: "right" }), 1);
  const top = lax.eq(a, broadcastTo(sliceToScalar(bounds, n), a.shape));
  // Outside of the edges: a slot that does not exist.
  const slot = lax.select(
    top,
    numberAs(n - 1, "int32", bin.shape),
    lax.select(lax.lt(bin, 0), numberAs(n, "int32", bin.shape), bin),
  );
  const counts = scatterAdd(full(0, a.dtype, [n]), expandDims(slot, [1]), w, {
    updateWindowDims: [],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
  });
  if (!density) return [counts, edges];
  const widths = lax.sub(sliceInDim(bounds, 1, n + 1), sliceInDim(bounds, 0, n));
  return [divide(divide(counts, widths), reduceSum(counts)), edges];
}

export interface InterpOptions {
  /** Value left of the first point; default the first value. */
  readonly left?: number | null;
  /** Value right of the last point; default the last value. */
  readonly right?: number | null;
}

/** Piecewise linear interpolation through points with ascending xp (`jnp.interp`). */
export function interp(x: ArrayLike, xp: ArrayLike, fp: ArrayLike, options: InterpOptions = {}): NdArray {
  const [a, points, values] = promoteDTypesInexact("interp", x, xp, fp);
  if (points.ndim !== 1 || values.ndim !== 1 || points.size !== values.size) {
    throw new WeftValueError("xp and fp must be one-dimensional arrays of equal size");
  }
  const n = points.size;
  if (n < 2) return broadcastTo(values, a.shape);
  const i = lax.clamp(1, searchsorted(points, a, { side: "right" }), n - 1);
  const at = (from: NdArray, index: NdArray): NdArray => take(from, index, { axis: 0, mode: "clip" });
  const previous = lax.sub(i, 1);
  const [x0, x1, y0, y1] = [at(points, previous), at(points, i), at(values, previous), at(values, i)];
  const width = lax.sub(x1, x0);
  const flat = lax.le(
    lax.abs(width),
    DTYPE_INFO[a.dtype].bits === 64 ? Number.MIN_VALUE : 1.1754943508222875e-38,
  );
  const slope = lax.div(lax.sub(a, x0), lax.select(flat, numberAs(1, a.dtype, a.shape), width));
  const inside = lax.select(flat, y0, lax.add(y0, lax.mul(slope, lax.sub(y1, y0))));
  const { left = null, right = null } = options;
  const first = broadcastTo(left === null ? sliceToScalar(values, 0) : numberAs(left, a.dtype), a.shape);
  const last = broadcastTo(right === null ? sliceToScalar(values, n - 1) : numberAs(right, a.dtype), a.shape);
  const low = lax.lt(a, broadcastTo(sliceToScalar(points, 0), a.shape));
  const high = lax.gt(a, broadcastTo(sliceToScalar(points, n - 1), a.shape));
  return lax.select(low, first, lax.select(high, last, inside));
}

/** Whether every element occurs in the other array (`jnp.isin`): bool of the shape of x. */
export function isin(x: ArrayLike, test: ArrayLike, options: { invert?: boolean } = {}): NdArray {
  const [a, candidates] = promoteDTypes("isin", x, ravel(test));
  const shape = [...a.shape, candidates.size];
  const same = lax.eq(broadcastTo(expandDims(a, [a.ndim]), shape), broadcastTo(candidates, shape));
  const found = sizeOf(shape) === 0 ? full(0, "bool", a.shape) : reduce.any(same, { axis: -1 });
  return (options.invert ?? false) ? lax.bitwiseNot(found) : found;
}

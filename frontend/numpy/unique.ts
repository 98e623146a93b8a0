/** Distinct elements and slices (`jax.numpy`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { scatterAdd } from "../lax/indexing.ts";
import {
  broadcastedIota,
  concatenate,
  expandDims,
  indexInDim,
  reshape,
  sliceInDim,
} from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { cumsum, reduceOr, reduceSum } from "../lax/reductions.ts";
import { sort } from "../lax/sorting.ts";
import { isnan, where } from "./logic.ts";
import { moveaxis, ravel } from "./movement.ts";
import { nonzero, type SizeOptions } from "./nonzero.ts";
import { concreteData, toArray } from "./promotion.ts";
import { take } from "./take.ts";

/** What `uniqueAll` gives; each a vector but the inverse, which has the operand's shape. */
export interface UniqueResult {
  /** The distinct elements in ascending order. */
  readonly values: NdArray;
  /** Where each of them is first in the flattened operand. */
  readonly indices: NdArray;
  /** Which of them every element is. */
  readonly inverseIndices: NdArray;
  readonly counts: NdArray;
}

const ALONG_FIRST = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };

/** Rows [n, m] in ascending order, which are new, and from where each comes. */
function sortedRows(rows: NdArray, equalNan: boolean): { sorted: NdArray; first: NdArray; order: NdArray } {
  const [n, m] = rows.shape;
  const columns = range(m).map((i) => indexInDim(rows, i, { axis: 1, keepdims: false }));
  const places = broadcastedIota("int32", [n], 0);
  const together = sort([...columns, places], { dimension: 0, numKeys: Math.max(m, 1) });
  const order = together[m];
  const sorted = concatenate(
    together.slice(0, m).map((column) => expandDims(column, [1])),
    1,
  );
  const [before, after] = [sliceInDim(sorted, 0, n - 1), sliceInDim(sorted, 1, n)];
  let differ = lax.ne(before, after);
  // NaN is one value here, though no NaN equals another.
  if (equalNan && isFloating(rows.dtype)) {
    differ = lax.bitwiseAnd(differ, lax.bitwiseNot(lax.bitwiseAnd(isnan(before), isnan(after))));
  }
  return { sorted, first: concatenate([full(1, "bool", [1]), reduceOr(differ, [1])], 0), order };
}

interface Distinct {
  readonly values: NdArray;
  readonly indices: NdArray;
  readonly inverse: NdArray;
  readonly counts: NdArray;
  /** How many distinct ones there are. */
  readonly trueSize: NdArray;
}

/** Distinct rows of [n, m], n and m at least 1. */
function distinctRows(rows: NdArray, options: SizeOptions, equalNan: boolean): Distinct {
  const n = rows.shape[0];
  const { sorted, first, order } = sortedRows(rows, equalNan);
  const group = lax.sub(cumsum(convert(first, "int32")), 1);
  const trueSize = reduceSum(convert(first, "int32"));
  let { size = null } = options;
  if (size === null) {
    const flags = concreteData(
      first,
      "The error arose for the first argument of np.unique(). To make np.unique() compatible with JIT and other " +
        "transforms, you can specify a concrete value for the size argument, which will determine the output size.",
    );
    size = Array.from(flags).filter((f) => f !== 0).length;
  }
  const [places] = nonzero(first, { size });
  const found = take(sorted, places, { axis: 0, mode: "clip" });
  const { fillValue = null } = options;
  const present = lax.lt(broadcastedIota("int32", [size], 0), broadcastTo(trueSize, [size]));
  const values =
    fillValue === null
      ? found
      : where(expandDims(present, [1]), found, convert(toArray("unique", fillValue), rows.dtype));
  // Groups past `size` have no slot, and are dropped.
  const counts = scatterAdd(
    full(0, "int32", [size]),
    expandDims(group, [1]),
    full(1, "int32", [n]),
    ALONG_FIRST,
  );
  const inverse = scatterAdd(full(0, "int32", [n]), expandDims(order, [1]), group, ALONG_FIRST);
  return { values, indices: take(order, places, { axis: 0, mode: "clip" }), inverse, counts, trueSize };
}

/** What there is to say of nothing. */
function distinctOfNone(a: NdArray, options: SizeOptions): Distinct {
  const size = options.size ?? 0;
  if (size > 0 && (options.fillValue ?? null) === null) {
    throw new WeftValueError(
      "np.unique: for zero-sized input with nonzero size argument, fillValue must be specified",
    );
  }
  const fill = convert(toArray("unique", options.fillValue ?? 0), a.dtype);
  const none = full(0, "int32", [0]);
  const zeros = full(0, "int32", [size]);
  return {
    values: broadcastTo(fill, [size, 1]),
    indices: zeros,
    inverse: none,
    counts: zeros,
    trueSize: full(0, "int32"),
  };
}

function distinctElements(a: NdArray, options: SizeOptions, equalNan: boolean): Distinct {
  const rows = reshape(a, [a.size, 1]);
  const found = a.size === 0 ? distinctOfNone(a, options) : distinctRows(rows, options, equalNan);
  return { ...found, values: reshape(found.values, [found.values.shape[0]]) };
}

/**
 * Distinct elements of the flattened array, with their places and counts (`jnp.unique_all`). With `size`, missing ones
 * are filled with `fillValue`, or with the least element. Without `size` the array must have its values. NaN are all
 * different, as the array API has it.
 */
export function uniqueAll(x: ArrayLike, options: SizeOptions = {}): UniqueResult {
  const operand = toArray("unique", x);
  const { values, indices, inverse, counts } = distinctElements(ravel(operand), options, false);
  return { values, indices, inverseIndices: reshape(inverse, operand.shape), counts };
}

/** A vector's distinct elements first, `x.size` of them, where each was, and how many are distinct. */
export function distinctPadded(x: NdArray): { values: NdArray; indices: NdArray; trueSize: NdArray } {
  return distinctElements(x, { size: x.size }, true);
}

/** Options of `unique`. */
export interface UniqueOptions extends SizeOptions {
  readonly returnIndex?: boolean;
  readonly returnInverse?: boolean;
  readonly returnCounts?: boolean;
  /** Axis of which slices are compared; by default elements of the flattened array are. */
  readonly axis?: number | null;
  /** Whether NaN is one value; default true. */
  readonly equalNan?: boolean;
}

/** Slices along an axis as rows [n, m], and back. */
function slicesOf(a: NdArray, axis: number): { rows: NdArray; restore: (rows: NdArray) => NdArray } {
  const moved = moveaxis(a, axis, 0);
  const rest = moved.shape.slice(1);
  return {
    rows: reshape(moved, [moved.shape[0], sizeOf(rest)]),
    restore: (rows) => moveaxis(reshape(rows, [rows.shape[0], ...rest]), 0, axis),
  };
}

/** Slices without elements are all equal: one of them is distinct, or none. */
function emptySlices(a: NdArray, axis: number): Distinct & { values: NdArray } {
  const n = a.shape[axis];
  const size = Math.min(n, 1);
  return {
    values: full(0, a.dtype, a.shape.toSpliced(axis, 1, size)),
    indices: full(0, "int32", [size]),
    inverse: full(0, "int32", [n]),
    counts: full(n, "int32", [size]),
    trueSize: full(size, "int32"),
  };
}

/**
 * Distinct elements in ascending order, or distinct slices along an axis (`jnp.unique`); with returnIndex,
 * returnInverse or returnCounts a list of them and these, in this order. Under `jit` it needs `size`.
 */
export function unique(
  x: ArrayLike,
  options?: SizeOptions & Pick<UniqueOptions, "axis" | "equalNan">,
): NdArray;
export function unique(x: ArrayLike, options: UniqueOptions): NdArray | NdArray[];
export function unique(x: ArrayLike, options: UniqueOptions = {}): NdArray | NdArray[] {
  const a = toArray("unique", x);
  const { axis = null, equalNan = true } = options;
  let found: Distinct;
  if (axis === null) {
    found = distinctElements(ravel(a), options, equalNan);
    found = { ...found, inverse: reshape(found.inverse, a.shape) };
  } else {
    const at = canonicalizeAxis(axis, a.ndim);
    if (a.size === 0) found = emptySlices(a, at);
    else {
      const { rows, restore } = slicesOf(a, at);
      found = distinctRows(rows, options, equalNan);
      found = { ...found, values: restore(found.values) };
    }
  }
  const { returnIndex = false, returnInverse = false, returnCounts = false } = options;
  if (!returnIndex && !returnInverse && !returnCounts) return found.values;
  return [
    found.values,
    ...(returnIndex ? [found.indices] : []),
    ...(returnInverse ? [found.inverse] : []),
    ...(returnCounts ? [found.counts] : []),
  ];
}

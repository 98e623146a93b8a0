/**
 * New arrays that differ from old ones at some places (`jax.numpy`). Arrays are immutable: what NumPy writes in place,
 * these return. JAX asks for `inplace=False`; here it is understood, and `inplace: true` is refused.
 */
import { isInteger } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  formatShape,
  full,
  NdArray,
  UnsupportedError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, concatenate, expandDims, reshape, sliceInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { reduceSum } from "../lax/reductions.ts";
import { sort, sortedOrder } from "../lax/sorting.ts";
import { type ArrayData, array } from "./array.ts";
import { IndexUpdate } from "./at.ts";
import { diagIndices } from "./index-tricks.ts";
import type { Index, RangeIndex } from "./indexing.ts";
import { rangePlaces } from "./indexing.ts";
import { tile } from "./joining.ts";
import { truth } from "./logic.ts";
import { isArrayLike, moveaxis, ravel } from "./movement.ts";
import { nonzero } from "./nonzero.ts";
import { concreteData, toArray } from "./promotion.ts";
import { any } from "./reductions.ts";
import { indexOperand, take } from "./take.ts";
import { remainder } from "./ufuncs.ts";

/** Options of `place`, `putAlongAxis` and `fillDiagonal`. */
export interface InplaceOption {
  /** Writing in place is not possible: only false is taken. */
  readonly inplace?: boolean;
}

function refuseInplace(name: string, options: InplaceOption): void {
  if (options.inplace !== true) return;
  throw new WeftValueError(
    `np.${name} cannot modify arrays in-place, because arrays are immutable. ` +
      "Leave inplace out, or pass inplace: false, and use the updated array that is returned.",
  );
}

/** A vector repeated and cut to a length. */
function tileToSize(x: NdArray, size: number): NdArray {
  const times = Math.ceil(size / x.size);
  return sliceInDim(tile(x, times), 0, size);
}

/** x with the values one after the other, round and round, where the mask holds (`jnp.place`). */
export function place(
  x: ArrayLike,
  mask: ArrayLike,
  values: ArrayLike,
  options: InplaceOption = {},
): NdArray {
  refuseInplace("place", options);
  const a = toArray("place", x);
  const where = ravel(truth(mask, "place"));
  const vals = ravel(values);
  if (a.size !== where.size) throw new WeftValueError("place: arr and mask must be the same size");
  if (vals.size === 0) throw new WeftValueError("Cannot place values from an empty array");
  if (a.size === 0) return a;
  const [places] = nonzero(where, { size: a.size, fillValue: a.size });
  const written = new IndexUpdate(ravel(a), [places]).set(tileToSize(vals, a.size), { mode: "drop" });
  return reshape(written, a.shape);
}

/** Options of `put`. */
export interface PutOptions extends InplaceOption {
  /** Out of bounds: "clip" moves to the nearest place, "wrap" counts round; by default the value is dropped. */
  readonly mode?: "clip" | "wrap" | null;
}

/** x with values at places of the flattened array, repeated as often as needed (`jnp.put`). */
export function put(x: ArrayLike, indices: ArrayLike, values: ArrayLike, options: PutOptions = {}): NdArray {
  refuseInplace("put", options);
  const a = toArray("put", x);
  const at = ravel(indexOperand("put", indices));
  const vals = ravel(values);
  if (a.size === 0 || at.size === 0 || vals.size === 0) return a;
  const repeated = tileToSize(vals, at.size);
  const { mode = null } = options;
  if (mode !== null && mode !== "clip" && mode !== "wrap") {
    throw new WeftValueError(`mode should be one of 'wrap' or 'clip'; got mode=${String(mode)}`);
  }
  const places =
    mode === "wrap" ? remainder(at, a.size) : mode === "clip" ? lax.clamp(0, at, a.size - 1) : at;
  return reshape(new IndexUpdate(ravel(a), [places]).set(repeated, { mode: "drop" }), a.shape);
}

/** x with values written at the index given there along the axis: the reverse of `takeAlongAxis` (`jnp.put_along_axis`). */
export function putAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  values: ArrayLike,
  axis: number | null,
  options: InplaceOption & { mode?: "clip" | "drop" } = {},
): NdArray {
  refuseInplace("put_along_axis", options);
  const given = toArray("put_along_axis", x);
  const a = axis === null ? ravel(given) : given;
  const at = indexOperand("put_along_axis", indices);
  if (a.ndim !== at.ndim) {
    throw new WeftValueError(
      "put_along_axis arguments 'arr' and 'indices' must have same ndim. Got " +
        `arr.ndim=${a.ndim} and indices.ndim=${at.ndim}.`,
    );
  }
  const along = axis === null ? 0 : canonicalizeAxis(axis, a.ndim);
  const shape = broadcastShapes(at.shape, a.shape.toSpliced(along, 1, 1));
  const places = range(a.ndim).map((i) =>
    i === along ? broadcastTo(at, shape) : broadcastedIota("int32", shape, i),
  );
  const result = new IndexUpdate(a, places).set(values, { mode: options.mode ?? "drop" });
  return reshape(result, given.shape);
}

/** x with a value, or a vector repeated, on its main diagonal (`jnp.fill_diagonal`). */
export function fillDiagonal(
  x: ArrayLike,
  value: ArrayLike,
  options: InplaceOption & { wrap?: boolean } = {},
): NdArray {
  refuseInplace("fill_diagonal", options);
  if (options.wrap ?? false) throw new UnsupportedError("wrap=true is not implemented, must use wrap=false");
  const a = toArray("fill_diagonal", x);
  const val = toArray("fill_diagonal", value);
  if (a.ndim < 2) throw new WeftValueError("array must be at least 2-d");
  if (a.ndim > 2 && a.shape.some((n) => n !== a.shape[0])) {
    throw new WeftValueError("All dimensions of input must be of equal length");
  }
  const n = Math.min(...a.shape);
  return new IndexUpdate(a, diagIndices(n, a.ndim)).set(val.ndim === 0 ? val : tileToSize(ravel(val), n));
}

/** The elements row by row in another shape, repeated or cut as it needs (`jnp.resize`). */
export function resize(x: ArrayLike, newShape: number | readonly number[]): NdArray {
  const a = ravel(x);
  const shape = typeof newShape === "number" ? [newShape] : newShape;
  if (shape.some((n) => n < 0)) {
    throw new WeftValueError("all elements of `new_shape` must be non-negative");
  }
  const size = shape.reduce((p, n) => p * n, 1);
  if (a.size === 0 || size === 0) return full(0, a.dtype, shape);
  return reshape(tileToSize(a, size), shape);
}

/** What `insert` and `delete` take as places: a number, a list, an array of integers, or a range as `{ range }`. */
export type Places = ArrayLike | readonly number[] | readonly boolean[] | { readonly range: RangeIndex };

function isRangeOfPlaces(places: Places): places is { readonly range: RangeIndex } {
  return typeof places === "object" && !(places instanceof NdArray) && "range" in places;
}

/** Places as numbers, or as the array that they are. */
function placesIn(places: Places, extent: number): NdArray | number | boolean {
  if (isRangeOfPlaces(places)) {
    const found = rangePlaces(places.range, extent);
    return arrayFromData(found, "int32", [found.length]);
  }
  if (isArrayLike(places)) return places;
  const data: readonly ArrayData[] = places;
  if (data.length > 0 && data.every((p) => typeof p === "boolean")) return array(data);
  return array(data, { dtype: "int32" });
}

/** Options of `delete`. */
export interface DeleteOptions {
  readonly axis?: number | null;
  /** Promises that no place is given twice, so that places may be traced. */
  readonly assumeUniqueIndices?: boolean;
}

/**
 * x without some places along an axis, or of the flattened array (`jnp.delete`). Places are numbers or a mask, and must
 * have their values unless they are promised to be unique.
 */
function remove(x: ArrayLike, places: Places, options: DeleteOptions = {}): NdArray {
  const given = toArray("delete", x);
  const { axis: wanted = null, assumeUniqueIndices = false } = options;
  const a = wanted === null ? ravel(given) : given;
  const axis = wanted === null ? 0 : canonicalizeAxis(wanted, a.ndim);
  const n = a.shape[axis];
  const what = placesIn(places, n);
  if (typeof what === "number") {
    const at = canonicalizeAxis(what, n, "index");
    return concatenate([sliceInDim(a, 0, at, { axis }), sliceInDim(a, at + 1, n, { axis })], axis);
  }
  const obj = toArray("delete", what);
  if (assumeUniqueIndices && isInteger(obj.dtype)) {
    const flat = convert(ravel(obj), "int32");
    const normal = lax.clamp(0, lax.select(lax.lt(flat, 0), lax.add(flat, n), flat), n);
    const m = flat.size;
    // The k-th place, less the k places before it: how many of the kept ones are before it.
    const before = lax.sub(sort(normal), broadcastedIota("int32", [m], 0));
    const kept = broadcastedIota("int32", [n - m], 0);
    const shape = [m, n - m];
    const passed = lax.ge(
      broadcastTo(expandDims(kept, [0]), shape),
      broadcastTo(expandDims(before, [1]), shape),
    );
    return take(a, lax.add(kept, reduceSum(convert(passed, "int32"), [0])), { axis, mode: "clip" });
  }
  const values = concreteData(
    obj,
    "The error arose in the 'obj' argument of np.delete(): say assumeUniqueIndices: true where no place is given twice.",
  );
  const keep = new Array<boolean>(n).fill(true);
  if (obj.dtype === "bool") {
    if (obj.ndim !== 1 || obj.size !== n) {
      throw new WeftValueError(
        "np.delete(arr, obj): for boolean indices, obj must be one-dimensional with length matching specified axis.",
      );
    }
    for (const i of range(n)) keep[i] = values[i] === 0;
  } else if (isInteger(obj.dtype)) {
    for (const p of Array.from(values)) {
      if (p < -n || p >= n) {
        throw new WeftValueError(`index ${p} is out of bounds for axis ${axis} with size ${n}`);
      }
      keep[p < 0 ? p + n : p] = false;
    }
  } else {
    throw new WeftValueError(`np.delete(arr, obj): got obj.dtype=${obj.dtype}; must be integer or bool.`);
  }
  const kept = range(n).filter((i) => keep[i]);
  return take(a, arrayFromData(kept, "int32", [kept.length]), { axis, mode: "clip" });
}

export { remove as delete };

/**
 * x with values put in before some places along an axis, or of the flattened array (`jnp.insert`). The values have the
 * dtype of x and broadcast.
 */
export function insert(
  x: ArrayLike,
  places: Places,
  values: ArrayLike,
  options: { axis?: number | null } = {},
): NdArray {
  const given = toArray("insert", x);
  const { axis: wanted = null } = options;
  const a = wanted === null ? ravel(given) : given;
  const axis = wanted === null ? 0 : canonicalizeAxis(wanted, a.ndim);
  const n = a.shape[axis];
  const what = placesIn(places, n);
  if (typeof what === "number" && !Number.isInteger(what)) {
    throw new WeftValueError(`np.insert(): index array must be integer typed; got ${what}`);
  }
  const obj = typeof what === "number" ? full(what, "int32") : toArray("insert", what);
  if (obj.ndim > 1) {
    throw new WeftValueError(
      `np.insert(): obj must be a slice, a one-dimensional array, or a scalar; got shape ${formatShape(obj.shape)}`,
    );
  }
  if (!isInteger(obj.dtype)) {
    throw new WeftValueError(`np.insert(): index array must be integer typed; got ${obj.dtype}`);
  }
  let vals = convert(toArray("insert", values), a.dtype);
  if (vals.ndim < a.ndim) vals = reshape(vals, [...range(a.ndim - vals.ndim).map(() => 1), ...vals.shape]);
  let at = convert(obj, "int32");
  if (at.size === 1) {
    if (at.ndim === 0) vals = moveaxis(vals, 0, axis);
    at = broadcastTo(reshape(at, [1]), [vals.shape[axis]]);
  }
  const [count] = broadcastShapes(at.shape, [vals.shape[axis]]);
  at = broadcastTo(at, [count]);
  const counted = lax.clamp(0, lax.select(lax.lt(at, 0), lax.add(at, n), at), n);
  // Where each value stands in the result: its place, and one further for every value put in before it.
  const [, order] = sortedOrder(counted, 0);
  const steps = new IndexUpdate(counted, [order]).add(broadcastedIota("int32", [count], 0));
  const isOld = new IndexUpdate(full(1, "bool", [n + count]), [steps]).set(false);
  const [oldPlaces] = nonzero(isOld, { size: n });
  const front: Index[] = range(axis).map(() => []);
  const shape = a.shape.toSpliced(axis, 1, n + count);
  const withNew = new IndexUpdate(full(0, a.dtype, shape), [...front, steps]).set(vals);
  return new IndexUpdate(withNew, [...front, oldPlaces]).set(a);
}

/** Options of `trimZeros`. */
export interface TrimOptions {
  /** Which ends: "f" the front, "b" the back. Default "fb". */
  readonly trim?: string;
  /** Axes to trim; default all. */
  readonly axis?: number | readonly number[] | null;
}

/** x without the zeros at its ends; its values must be known (`jnp.trim_zeros`). */
export function trimZeros(x: ArrayLike, options: TrimOptions = {}): NdArray {
  const a = toArray("trim_zeros", x);
  const { trim = "fb", axis = null } = options;
  const axes = (axis === null ? range(a.ndim) : typeof axis === "number" ? [axis] : axis).map((i) =>
    canonicalizeAxis(i, a.ndim),
  );
  const ends = trim.toLowerCase();
  const mask = truth(a);
  return axes.reduce<NdArray>((y, i) => {
    const line = any(mask, { axis: range(a.ndim).filter((j) => j !== i) });
    const values = Array.from(concreteData(line, "The error arose in the `filt` argument of trimZeros()"));
    if (!values.includes(1)) return ends.match(/[fb]/) ? sliceInDim(y, 0, 0, { axis: i }) : y;
    const start = ends.includes("f") ? values.indexOf(1) : 0;
    const stop = ends.includes("b") ? values.lastIndexOf(1) + 1 : values.length;
    return sliceInDim(y, start, stop, { axis: i });
  }, a);
}

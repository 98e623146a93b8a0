/**
 * Index arrays and grids (`jax.numpy` index tricks). What Python writes in brackets (`np.mgrid[0:3, 0:5:2]`) are
 * functions of ranges here: `np.mgrid([0, 3], [0, 5, 2])`.
 */
import { type ArrayLike, type NdArray, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, concatenate, expandDims, reshape, transpose } from "../lax/movement.ts";
import { type ArrayData, array } from "./array.ts";
import { arange, linspace, ones, tri } from "./creation.ts";
import { meshgrid } from "./grids.ts";
import type { Index } from "./indexing.ts";
import { truth } from "./logic.ts";
import { type NonzeroOptions, nonzero } from "./nonzero.ts";
import { promoteDTypes, toArray } from "./promotion.ts";

/** The index arrays of the main diagonal of an array of `ndim` axes of extent n (`jnp.diag_indices`). */
export function diagIndices(n: number, ndim = 2): NdArray[] {
  if (!Number.isInteger(n) || n < 0) {
    throw new WeftValueError(`n argument to diag_indices must be nonnegative, got ${n}`);
  }
  if (!Number.isInteger(ndim) || ndim < 0) {
    throw new WeftValueError(`ndim argument to diag_indices must be nonnegative, got ${ndim}`);
  }
  const diagonal = broadcastedIota("int32", [n], 0);
  return range(ndim).map(() => diagonal);
}

/** The index arrays of the main diagonal of x, whose axes are all as long (`jnp.diag_indices_from`). */
export function diagIndicesFrom(x: ArrayLike): NdArray[] {
  const a = toArray("diag_indices_from", x);
  if (a.ndim < 2) throw new WeftValueError("input array must be at least 2-d");
  if (a.shape.some((n) => n !== a.shape[0])) {
    throw new WeftValueError("All dimensions of input must be of equal length");
  }
  return diagIndices(a.shape[0], a.ndim);
}

/** Row and column indices where a mask made of numbers alone holds. */
function placesOf(mask: NdArray): [NdArray, NdArray] {
  const [rows, columns] = nonzero(mask);
  return [rows, columns];
}

/** Row and column indices of the lower triangle of an n×m matrix, up to the k-th diagonal (`jnp.tril_indices`). */
export function trilIndices(n: number, k = 0, m: number | null = null): [NdArray, NdArray] {
  return placesOf(tri(n, m, { k, dtype: "bool" }));
}

/** Row and column indices of the upper triangle of an n×m matrix, from the k-th diagonal (`jnp.triu_indices`). */
export function triuIndices(n: number, k = 0, m: number | null = null): [NdArray, NdArray] {
  return placesOf(lax.bitwiseNot(tri(n, m, { k: k - 1, dtype: "bool" })));
}

function matrixExtents(name: string, x: ArrayLike): readonly number[] {
  const a = toArray(name, x);
  if (a.ndim !== 2) throw new WeftValueError("Only 2-D inputs are accepted");
  return a.shape;
}

/** The indices of the lower triangle of a matrix (`jnp.tril_indices_from`). */
export function trilIndicesFrom(x: ArrayLike, k = 0): [NdArray, NdArray] {
  const [n, m] = matrixExtents("tril_indices_from", x);
  return trilIndices(n, k, m);
}

/** The indices of the upper triangle of a matrix (`jnp.triu_indices_from`). */
export function triuIndicesFrom(x: ArrayLike, k = 0): [NdArray, NdArray] {
  const [n, m] = matrixExtents("triu_indices_from", x);
  return triuIndices(n, k, m);
}

/** Indices where a function of an n×n matrix, as `np.triu`, leaves elements ≠ 0 (`jnp.mask_indices`). */
export function maskIndices(
  n: number,
  maskFunction: (x: NdArray, k: number) => NdArray,
  k = 0,
  options: Pick<NonzeroOptions, "size"> = {},
): [NdArray, NdArray] {
  const [rows, columns] = nonzero(maskFunction(ones([n, n]), k), options);
  return [rows, columns];
}

/** Vectors shaped so that together they index a block: the i-th along axis i; masks as their places (`jnp.ix_`). */
export function ix_(...vectors: readonly ArrayLike[]): NdArray[] {
  return vectors.map((v, i) => {
    const a = toArray("ix_", v);
    if (a.ndim !== 1) throw new WeftValueError("Arguments to np.ix_ must be 1-dimensional");
    const indices = a.dtype === "bool" ? nonzero(truth(a))[0] : a;
    return reshape(
      indices,
      vectors.map((_, axis) => (axis === i ? indices.size : 1)),
    );
  });
}

/**
 * A range of a grid: `[start, stop]`, `[start, stop, step]`, or `[start, stop, { num }]` for so many numbers with both
 * ends, which Python writes with an imaginary step.
 */
export type GridRange = readonly [start: number, stop: number, step?: number | { readonly num: number }];

function gridVector([start, stop, step = 1]: GridRange): NdArray {
  return typeof step === "number" ? arange(start, stop, step) : linspace(start, stop, step.num);
}

function gridVectors(ranges: readonly GridRange[]): NdArray[] {
  return promoteDTypes("mgrid", ...ranges.map(gridVector));
}

/** The coordinates of a grid, stacked: [ndim, …extents]; of one range its vector in a row (`jnp.mgrid`). */
export function mgrid(...ranges: readonly GridRange[]): NdArray {
  if (ranges.length === 0) return arange(0);
  const parts = meshgrid(gridVectors(ranges), { indexing: "ij" });
  return concatenate(
    parts.map((x) => expandDims(x, [0])),
    0,
  );
}

/** The coordinate vectors of a grid, each along its axis, with extent 1 along the others (`jnp.ogrid`). */
export function ogrid(...ranges: readonly GridRange[]): NdArray[] {
  return meshgrid(gridVectors(ranges), { indexing: "ij", sparse: true });
}

/** What `r_` and `c_` join: arrays, numbers, nested lists, and ranges as `{ range: [start, stop, step] }`. */
export type JoinItem = ArrayData | { readonly range: GridRange };

function isRangeItem(item: JoinItem): item is { readonly range: GridRange } {
  return typeof item === "object" && "range" in item;
}

/** Joins along an axis after giving every item `ndmin` axes, with its own ones from `trans1d` on (`_AxisConcat`). */
function joined(
  items: readonly (string | JoinItem)[],
  axis: number,
  ndmin: number,
  trans1d: number,
): NdArray {
  let settings = [axis, ndmin, trans1d];
  let matrix = -1;
  let rest = items;
  const [directive] = items;
  if (typeof directive === "string") {
    rest = items.slice(1);
    if (directive === "r" || directive === "c") matrix = directive === "r" ? 0 : 1;
    else {
      const given = directive.split(",").map(Number);
      if (given.some((n) => !Number.isInteger(n))) {
        throw new WeftValueError(`could not understand directive '${directive}'`);
      }
      settings = settings.map((value, i) => given[i] ?? value);
    }
  }
  const [along, least, place] = settings;
  const arrays = rest.map((item) => {
    if (typeof item === "string")
      throw new WeftValueError("string directive must be placed at the beginning");
    const value = isRangeItem(item) ? gridVector(item.range) : array(item);
    // As JAX counts: a range has no axes of its own.
    const own = isRangeItem(item) ? 0 : value.ndim;
    const missing = Math.max(0, least - value.ndim);
    const padded = reshape(value, [...range(missing).map(() => 1), ...value.shape]);
    if (place === -1 || least - own <= 0) return padded;
    const shifts = least - (Math.abs(least + place + 1) % least);
    const axes = range(least);
    return transpose(padded, [...axes.slice(shifts), ...axes.slice(0, shifts)]);
  });
  if (arrays.length === 0) throw new WeftValueError("Need at least one array to concatenate.");
  const common = promoteDTypes("concatenate", ...arrays);
  const result = concatenate(common, along);
  return matrix !== -1 && result.ndim === 1 ? expandDims(result, [matrix]) : result;
}

/**
 * Items joined along the first axis (`jnp.r_`): `np.r_([1, 2], 0, { range: [3, 6] })`. A first string is NumPy's
 * directive: "axis,ndmin,trans1d", "r" or "c".
 */
export function r_(...items: readonly (string | JoinItem)[]): NdArray {
  return joined(items, 0, 1, -1);
}

/** Items joined along the last axis, vectors as columns (`jnp.c_`). */
export function c_(...items: readonly (string | JoinItem)[]): NdArray {
  return joined(items, -1, 2, 0);
}

/** An index as a value, for `x.slice(...index)` and `x.at(...index)` (`jnp.s_`). */
export function s_<const I extends readonly Index[]>(...indices: I): I {
  return indices;
}
/** An index as a value (`jnp.index_exp`). */
export const indexExp = s_;

/** Bins and counts (`jax.numpy`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { sameShape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  full,
  NdArray,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { scatterAdd } from "../lax/indexing.ts";
import { concatenate, expandDims, indexInDim, reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { reduceSum } from "../lax/reductions.ts";
import { linspace } from "./creation.ts";
import { isArrayLike, ravel } from "./movement.ts";
import { concreteData, inexact, promoteDTypes, promoteDTypesInexact, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { searchsorted } from "./sorting.ts";
import { indexOperand } from "./take.ts";
import { divide } from "./ufuncs.ts";

function sliceToScalar(x: NdArray, at: number): NdArray {
  return reshape(sliceInDim(x, at, at + 1), []);
}

/** The bin of every element among ascending or descending edges (`jnp.digitize`): int32. */
export function digitize(x: ArrayLike, bins: ArrayLike, options: { right?: boolean } = {}): NdArray {
  const edges = toArray("digitize", bins);
  if (edges.ndim !== 1) {
    throw new WeftValueError(
      `digitize: bins must be a 1-dimensional array; got bins of shape ${formatShape(edges.shape)}`,
    );
  }
  const side = (options.right ?? false) ? "left" : "right";
  const n = edges.shape[0];
  if (n === 0) return full(0, "int32", toArray("digitize", x).shape);
  const ascending = searchsorted(edges, x, { side });
  const descending = lax.sub(n, searchsorted(rev(edges, [0]), x, { side }));
  const rising = lax.ge(sliceToScalar(edges, n - 1), sliceToScalar(edges, 0));
  return lax.select(rising, ascending, descending);
}

/** Options of `bincount`. */
export interface BincountOptions {
  readonly weights?: ArrayLike | null;
  readonly minlength?: number;
  /** Extent of the result: required where values are not known while tracing; more is dropped. */
  readonly length?: number | null;
}

/** How often each number 0, 1, … occurs, or the sum of its weights (`jnp.bincount`). */
export function bincount(x: ArrayLike, options: BincountOptions = {}): NdArray {
  const given = toArray("bincount", x);
  if (isFloating(given.dtype) && !given.weakType) {
    throw new WeftTypeError(`x argument to bincount must have an integer type; got ${given.dtype}`);
  }
  const a = indexOperand("bincount", given);
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
  if (!sameShape(w.shape, a.shape)) {
    throw new WeftValueError(
      `shape of weights must match shape of x. Got x of shape ${formatShape(a.shape)} and weights of shape ` +
        `${formatShape(w.shape)}`,
    );
  }
  // Negative numbers count as 0, as in JAX.
  return scatterAdd(full(0, w.dtype, [length]), expandDims(lax.max(a, 0), [1]), w, {
    updateWindowDims: [],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
  });
}

/** Options of `histogramBinEdges` and `histogram`. */
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
  if (typeof bins === "string") throw new UnsupportedError("string values for `bins` not implemented.");
  const a = inexact("histogram_bin_edges", ravel(x));
  if (bins instanceof NdArray && bins.ndim === 1) return convert(bins, a.dtype);
  const { range: limits = null } = options;
  const low = limits === null ? reduce.min(a) : convert(toArray("histogram", limits[0]), a.dtype);
  const high = limits === null ? reduce.max(a) : convert(toArray("histogram", limits[1]), a.dtype);
  const flat = lax.eq(low, high);
  return linspace(
    lax.select(flat, lax.sub(low, 0.5), low),
    lax.select(flat, lax.add(high, 0.5), high),
    (bins instanceof NdArray ? bins.item() : Number(bins)) + 1,
    { dtype: a.dtype },
  );
}

/** Elements and weights in floats of one dtype. */
function weighted(name: string, x: NdArray, weights: ArrayLike | null): [NdArray, NdArray] {
  if (weights === null) {
    const [a] = promoteDTypesInexact(name, x);
    return [a, full(1, a.dtype, [a.shape[0]])];
  }
  const [a, w] = promoteDTypesInexact(name, x, weights);
  return [a, w];
}

/** Counts of elements in bins, and the bins' edges; the last bin contains its upper edge (`jnp.histogram`). */
export function histogram(
  x: ArrayLike,
  bins: number | ArrayLike = 10,
  options: HistogramOptions = {},
): [counts: NdArray, edges: NdArray] {
  const { weights = null, density = false } = options;
  const given = toArray("histogram", x);
  if (weights !== null && !sameShape(given.shape, toArray("histogram", weights).shape)) {
    throw new WeftValueError("weights should have the same shape as a.");
  }
  const [a, w] = weighted("histogram", ravel(given), weights === null ? null : ravel(weights));
  const edges = histogramBinEdges(a, bins, options);
  const bounds = convert(edges, a.dtype);
  const n = bounds.size - 1;
  const counts = scatterAdd(full(0, a.dtype, [n]), expandDims(binsOf(a, bounds), [1]), w, {
    updateWindowDims: [],
    insertedWindowDims: [0],
    scatterDimsToOperandDims: [0],
  });
  if (!density) return [counts, edges];
  const widths = lax.sub(sliceInDim(bounds, 1, n + 1), sliceInDim(bounds, 0, n));
  return [divide(divide(counts, widths), reduceSum(counts)), edges];
}

/** The bin of every element of a vector; one that does not exist where it is outside of the edges. */
function binsOf(a: NdArray, bounds: NdArray): NdArray {
  const n = bounds.size - 1;
  const bin = lax.sub(searchsorted(bounds, a, { side: "right" }), 1);
  const top = lax.eq(a, broadcastTo(sliceToScalar(bounds, n), a.shape));
  return lax.select(
    top,
    numberAs(n - 1, "int32", bin.shape),
    lax.select(lax.lt(bin, 0), numberAs(n, "int32", bin.shape), bin),
  );
}

/** Bins along each axis: as many for all, or a number or edges for each. */
export type BinsPerAxis = number | readonly ArrayLike[];

/** Options of `histogramdd` and `histogram2d`. */
export interface HistogramNdOptions {
  /** Lower and upper end of the bins along each axis, null where they are the least and greatest element. */
  readonly range?: readonly (readonly [ArrayLike, ArrayLike] | null)[] | null;
  /** A weight for each sample. */
  readonly weights?: ArrayLike | null;
  /** Densities, which integrate to 1, in place of counts. */
  readonly density?: boolean;
}

/** Counts of the samples, rows of [n, d], in boxes of d axes, and the edges along each (`jnp.histogramdd`). */
export function histogramdd(
  sample: ArrayLike,
  bins: BinsPerAxis = 10,
  options: HistogramNdOptions = {},
): [counts: NdArray, edges: NdArray[]] {
  const given = toArray("histogramdd", sample);
  if (given.ndim !== 2) {
    throw new WeftValueError(
      `histogramdd takes samples of shape (n, d), got shape ${formatShape(given.shape)}`,
    );
  }
  const { range: limits = null, weights = null, density = false } = options;
  const [n, d] = given.shape;
  if (weights !== null && !sameShape(toArray("histogramdd", weights).shape, [n])) {
    throw new WeftValueError("should have one weight for each sample.");
  }
  if (limits !== null && (limits.length !== d || limits.some((r) => r !== null && r.length !== 2))) {
    throw new WeftValueError(
      `For sample.shape=${formatShape(given.shape)}, range must be a sequence of ${d} pairs or Nones`,
    );
  }
  if (typeof bins !== "number" && bins.length !== d) {
    throw new WeftValueError("should be a bin for each dimension.");
  }
  const [samples, w] = weighted("histogramdd", given, weights);
  const columns = range(d).map((i) => indexInDim(samples, i, { axis: 1, keepdims: false }));
  const edges = columns.map((column, i) =>
    histogramBinEdges(column, typeof bins === "number" ? bins : bins[i], { range: limits?.[i] ?? null }),
  );
  const places = columns.map((column, i) => expandDims(binsOf(column, edges[i]), [1]));
  const shape = edges.map((e) => e.size - 1);
  const kind = weights === null ? "int32" : w.dtype;
  const counts = scatterAdd(full(0, kind, shape), concatenate(places, 1), convert(w, kind), {
    updateWindowDims: [],
    insertedWindowDims: range(d),
    scatterDimsToOperandDims: range(d),
  });
  if (!density) return [counts, edges];
  const total = convert(counts, samples.dtype);
  let result = divide(total, reduceSum(total));
  for (const [i, e] of edges.entries()) {
    const widths = lax.sub(sliceInDim(e, 1, e.size), sliceInDim(e, 0, e.size - 1));
    result = divide(
      result,
      reshape(
        widths,
        shape.map((m, axis) => (axis === i ? m : 1)),
      ),
    );
  }
  return [result, edges];
}

/** Counts of points in rectangles, and the edges in x and in y (`jnp.histogram2d`). */
export function histogram2d(
  x: ArrayLike,
  y: ArrayLike,
  bins: number | ArrayLike | readonly ArrayLike[] = 10,
  options: HistogramNdOptions = {},
): [counts: NdArray, xEdges: NdArray, yEdges: NdArray] {
  const [a, b] = promoteDTypes("histogram2d", ravel(x), ravel(y));
  const sample = concatenate([expandDims(a, [1]), expandDims(b, [1])], 1);
  // Edges alone count for both axes.
  const both: BinsPerAxis = typeof bins === "number" ? bins : isArrayLike(bins) ? [bins, bins] : bins;
  const [counts, [xEdges, yEdges]] = histogramdd(sample, both, options);
  return [counts, xEdges, yEdges];
}

/** Bins, counts and interpolation (`jax.numpy`). */
import { DTYPE_INFO } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, full, NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { scatterAdd } from "../lax/indexing.ts";
import { expandDims, reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { reduceSum } from "../lax/reductions.ts";
import { linspace } from "./creation.ts";
import { ravel } from "./movement.ts";
import { concreteData, promoteDTypesInexact, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { searchsorted } from "./sorting.ts";
import { indexOperand, take } from "./take.ts";
import { divide } from "./ufuncs.ts";

function sliceToScalar(x: NdArray, at: number): NdArray {
  return reshape(sliceInDim(x, at, at + 1), []);
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

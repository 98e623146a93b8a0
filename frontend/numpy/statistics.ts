/** Quantiles, averages, covariances (`jax.numpy` statistics). */
import { type DType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
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
import { canonicalizeAxes, otherAxes } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { concatenate, expandDims, reshape, sliceInDim, transpose } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, numberAs } from "../lax/operands.ts";
import { cumsum } from "../lax/reductions.ts";
import { sort, sortKeyVal } from "../lax/sorting.ts";
import { array } from "./array.ts";
import { diag, dot } from "./linalg.ts";
import { isnan, where } from "./logic.ts";
import { atleast2d } from "./movement.ts";
import { presentCount } from "./nan-reductions.ts";
import { inexact, promoteDTypesInexact, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { takeAlongAxis } from "./take.ts";
import { abs, multiply, trueDivide } from "./ufuncs.ts";

/** How a quantile between two elements is found. */
export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest" | "inverted_cdf";

/** Options of `quantile`, `nanquantile`, `percentile` and `nanpercentile`. */
export interface QuantileOptions {
  /** Default: all axes. */
  readonly axis?: reduce.Axis;
  readonly keepdims?: boolean;
  /** Default "linear". */
  readonly method?: QuantileMethod;
  /** How much each element counts, of the shape of x or of the axes reduced; for method "inverted_cdf" only. */
  readonly weights?: ArrayLike | null;
}

/** The axes to reduce joined into a last one. */
function lastAxis(x: NdArray, axis: reduce.Axis | undefined): { rows: NdArray; axes: number[] } {
  const axes = canonicalizeAxes(axis, x.ndim).sort((p, q) => p - q);
  const kept = otherAxes(x.ndim, axes);
  const moved = transpose(x, [...kept, ...axes]);
  return {
    rows: reshape(moved, [...kept.map((i) => x.shape[i]), axes.reduce((n, i) => n * x.shape[i], 1)]),
    axes,
  };
}

function quantileOf(
  name: string,
  x: ArrayLike,
  q: ArrayLike | readonly number[],
  options: QuantileOptions,
  skipNan: boolean,
): NdArray {
  const levels = q instanceof NdArray || typeof q === "number" || typeof q === "boolean" ? q : array(q);
  const [a, level] = promoteDTypesInexact(name, x, levels);
  if (level.ndim > 1) throw new WeftValueError(`q must be have rank <= 1, got shape of rank ${level.ndim}`);
  const { method = "linear", keepdims = false } = options;
  const { rows, axes } = lastAxis(a, options.axis);
  const last = rows.ndim - 1;
  const n = rows.shape[last];
  if (n === 0) throw new WeftValueError(`${name} of an empty axis (shape ${a.shape.join(", ")})`);
  const anyNan = reduce.any(isnan(rows), { axis: last, keepdims: true });
  // NaN spreads to the whole row, or is sorted to its end and not counted.
  const clean = skipNan ? rows : where(anyNan, numberAs(Number.NaN, a.dtype), rows);
  const sorted = sort(clean);
  const count = skipNan ? lax.max(presentCount(rows, last), 1) : full(n, a.dtype, anyNan.shape);
  // Places along the last axis: [...rows, levels].
  const wanted = level.ndim === 0 ? reshape(level, [1]) : level;
  const shape = broadcastShapes(count.shape, wanted.shape);
  const place = lax.mul(broadcastTo(lax.sub(count, 1), shape), broadcastTo(wanted, shape));
  const low = lax.floor(place);
  const high = lax.ceil(place);
  const at = (index: NdArray): NdArray =>
    takeAlongAxis(sorted, convert(lax.clamp(0, index, n - 1), "int32"), -1, { mode: "clip" });
  if (method === "inverted_cdf") {
    const weighing = options.weights ?? null;
    const values = invertedCdf(rows, wanted, weightRows(a, weighing, options.axis), skipNan);
    return frontLevels(values, a, axes, level, keepdims);
  }
  if ((options.weights ?? null) !== null) {
    throw new UnsupportedError(
      `${method} doesn't support weights. Only method 'inverted_cdf' supports weights.`,
    );
  }
  const values = ((): NdArray => {
    switch (method) {
      case "linear": {
        const weight = lax.sub(place, low);
        // As JAX: each side times its weight, so that an exact place gives the element exactly.
        return lax.add(lax.mul(at(low), lax.sub(1, weight)), lax.mul(at(high), weight));
      }
      case "lower":
        return at(low);
      case "higher":
        return at(high);
      case "midpoint":
        return lax.mul(lax.add(at(low), at(high)), 0.5);
      case "nearest":
        return lax.select(lax.le(lax.sub(place, low), 0.5), at(low), at(high));
      default:
        throw new WeftValueError(
          `method can only be 'linear', 'lower', 'higher', 'midpoint', 'nearest' or 'inverted_cdf', got ${String(method)}`,
        );
    }
  })();
  return frontLevels(values, a, axes, level, keepdims);
}

/** Results [...kept, levels] of the operand a with the levels in front, or without them for one scalar level. */
function frontLevels(
  values: NdArray,
  a: NdArray,
  axes: readonly number[],
  level: NdArray,
  keepdims: boolean,
): NdArray {
  const last = values.ndim - 1;
  const front = transpose(values, [last, ...values.shape.slice(0, -1).map((_, i) => i)]);
  const rest = keepdims ? a.shape.map((m, i) => (axes.includes(i) ? 1 : m)) : front.shape.slice(1);
  return reshape(front, level.ndim === 0 ? rest : [level.size, ...rest]);
}

/** Weights for every element, in rows as the elements; null: all count 1. */
function weightRows(a: NdArray, weights: ArrayLike | null, axis: reduce.Axis | undefined): NdArray | null {
  if (weights === null) return null;
  const w = convert(toArray("quantile", weights), a.dtype);
  if (w.ndim === a.ndim && w.shape.every((n, i) => n === a.shape[i])) return lastAxis(w, axis).rows;
  if (axis === null || axis === undefined) {
    throw new WeftValueError("Weights shape must match 'a' shape when axis is None.");
  }
  const axes = canonicalizeAxes(axis, a.ndim);
  if (w.ndim !== axes.length || axes.some((at, i) => w.shape[i] !== a.shape[at])) {
    throw new WeftValueError(
      `Weights shape ${formatShape(w.shape)} must match reduction axes ${formatShape(axes.map((i) => a.shape[i]))}`,
    );
  }
  const order = axes.map((_, i) => i).sort((p, q) => axes[p] - axes[q]);
  const spread = reshape(
    transpose(w, order),
    a.shape.map((n, i) => (axes.includes(i) ? n : 1)),
  );
  return lastAxis(broadcastTo(spread, a.shape), axis).rows;
}

/** The first element up to which the share q of all weight lies: [...kept, levels]. */
function invertedCdf(rows: NdArray, levels: NdArray, weights: NdArray | null, skipNan: boolean): NdArray {
  const last = rows.ndim - 1;
  const given = weights ?? full(1, rows.dtype, rows.shape);
  const [sorted, w] = sortKeyVal(rows, given, last);
  const missing = isnan(sorted);
  const bad = lax.bitwiseOr(lax.lt(w, 0), isnan(w));
  const clean = where(lax.bitwiseOr(bad, missing), 0, w);
  const running = cumsum(clean, last);
  const n = rows.shape[last];
  const total = sliceInDim(running, n - 1, n, { axis: last });
  const spread = [...rows.shape.slice(0, -1), levels.size];
  const target = lax.mul(broadcastTo(total, spread), broadcastTo(levels, spread));
  const pairs = [...spread, n];
  const below = lax.lt(
    broadcastTo(expandDims(running, [last]), pairs),
    broadcastTo(expandDims(target, [last + 1]), pairs),
  );
  const index = reduce.sum(convert(below, "int32"), { axis: last + 1 });
  const valid = skipNan
    ? reduce.sum(lax.bitwiseNot(missing), { axis: last, keepdims: true })
    : full(n, "int32", [...rows.shape.slice(0, -1), 1]);
  const limit = lax.max(lax.sub(broadcastTo(valid, spread), 1), 0);
  const found = takeAlongAxis(sorted, lax.min(index, limit), last, { mode: "clip" });
  const nothing = skipNan ? lax.eq(valid, 0) : reduce.any(missing, { axis: last, keepdims: true });
  const spoilt = lax.bitwiseOr(nothing, reduce.any(bad, { axis: last, keepdims: true }));
  return where(spoilt, Number.NaN, found);
}

/**
 * Elements below which the fractions q of all elements lie (`jnp.quantile`). A vector of q gives a new first axis.
 * NaN anywhere in a row gives NaN.
 */
export function quantile(
  x: ArrayLike,
  q: ArrayLike | readonly number[],
  options: QuantileOptions = {},
): NdArray {
  return quantileOf("quantile", x, q, options, false);
}
/** `quantile` without NaN (`jnp.nanquantile`). */
export function nanquantile(
  x: ArrayLike,
  q: ArrayLike | readonly number[],
  options: QuantileOptions = {},
): NdArray {
  return quantileOf("nanquantile", x, q, options, true);
}

function fractions(q: ArrayLike | readonly number[]): NdArray {
  return trueDivide(
    q instanceof NdArray || typeof q === "number" || typeof q === "boolean" ? q : array(q),
    100,
  );
}
/** `quantile` with q in percent (`jnp.percentile`). */
export function percentile(
  x: ArrayLike,
  q: ArrayLike | readonly number[],
  options: QuantileOptions = {},
): NdArray {
  return quantile(x, fractions(q), options);
}
/** `percentile` without NaN (`jnp.nanpercentile`). */
export function nanpercentile(
  x: ArrayLike,
  q: ArrayLike | readonly number[],
  options: QuantileOptions = {},
): NdArray {
  return nanquantile(x, fractions(q), options);
}
/** The middle element, or the mean of the two (`jnp.median`). */
export function median(x: ArrayLike, given: reduce.OptionsOrAxis<reduce.AxisOptions> = {}): NdArray {
  const options: reduce.AxisOptions = reduce.asOptions(given);
  return quantile(x, 0.5, options);
}
/** `median` without NaN (`jnp.nanmedian`). */
export function nanmedian(x: ArrayLike, given: reduce.OptionsOrAxis<reduce.AxisOptions> = {}): NdArray {
  const options: reduce.AxisOptions = reduce.asOptions(given);
  return nanquantile(x, 0.5, options);
}

/** Options of `average`. */
export interface AverageOptions extends reduce.AxisOptions {
  /** Of the shape of x, or a vector along the one axis. */
  readonly weights?: ArrayLike | null;
}

/** Mean with weights (`jnp.average`); with `returned` a list of it and the sum of the weights, in its shape. */
export function average(x: ArrayLike, given?: reduce.OptionsOrAxis<AverageOptions>): NdArray;
export function average(
  x: ArrayLike,
  given: AverageOptions & { returned: true },
): [average: NdArray, sumOfWeights: NdArray];
export function average(
  x: ArrayLike,
  given: reduce.OptionsOrAxis<AverageOptions & { returned?: boolean }> = {},
): NdArray | [NdArray, NdArray] {
  const options: AverageOptions & { returned?: boolean } = reduce.asOptions(given);
  const { weights = null, axis, keepdims, returned = false } = options;
  if (weights === null) {
    const a = inexact("average", x);
    const result = reduce.mean(a, { axis, keepdims });
    if (!returned) return result;
    const count = result.size === 0 ? 0 : a.size / result.size;
    return [result, full(count, result.dtype, result.shape)];
  }
  const [a, w] = promoteDTypesInexact("average", x, weights);
  let spread = w;
  if (w.ndim !== a.ndim || w.shape.some((n, i) => n !== a.shape[i])) {
    if (axis === null || axis === undefined) {
      throw new WeftValueError("Axis must be specified when shapes of a and weights differ.");
    }
    const axes = canonicalizeAxes(axis, a.ndim);
    if (w.ndim !== axes.length) {
      throw new WeftValueError("1D weights expected when shapes of a and weights differ.");
    }
    if (axes.some((at, i) => w.shape[i] !== a.shape[at])) {
      throw new WeftValueError("Length of weights not compatible with specified axis.");
    }
    // Weights have their axes in the order in which they were named.
    const order = axes.map((_, i) => i).sort((p, q) => axes[p] - axes[q]);
    spread = reshape(
      transpose(w, order),
      a.shape.map((n, i) => (axes.includes(i) ? n : 1)),
    );
  }
  const everywhere = broadcastTo(spread, a.shape);
  const total = reduce.sum(lax.mul(a, everywhere), { axis, keepdims });
  const weight = reduce.sum(everywhere, { axis, keepdims });
  const result = lax.div(total, weight);
  return returned ? [result, weight] : result;
}

/** Options of `cov` and `corrcoef`. */
export interface CovOptions {
  /** Further variables, in the form of x. */
  readonly y?: ArrayLike | null;
  /** Whether rows are the variables (default), or columns. */
  readonly rowvar?: boolean;
  /** Whether to divide by n rather than n − 1. Default false. */
  readonly bias?: boolean;
  /** What is subtracted from n in the divisor; default 1, or 0 with `bias`. */
  readonly ddof?: number | null;
  /** How often each observation was made: integers. */
  readonly fweights?: ArrayLike | null;
  /** How much each observation counts. */
  readonly aweights?: ArrayLike | null;
  readonly dtype?: DType | null;
}

/** Variables as rows. */
function variables(x: NdArray, rowvar: boolean): NdArray {
  if (x.ndim > 2) throw new WeftValueError("m has more than 2 dimensions");
  const rows = atleast2d(x);
  return rowvar || rows.shape[0] === 1 ? rows : transpose(rows, [1, 0]);
}

function weightVector(name: string, given: ArrayLike, samples: number): NdArray {
  const w = toArray("cov", given);
  if (w.ndim > 1) throw new WeftValueError(`cannot handle multidimensional ${name}`);
  if (w.size !== samples) throw new WeftValueError(`incompatible numbers of samples and ${name}`);
  return abs(w);
}

/** Covariance matrix of variables, a scalar of one (`jnp.cov`). */
export function cov(x: ArrayLike, options: CovOptions = {}): NdArray {
  const { y = null, rowvar = true, fweights = null, aweights = null } = options;
  const dtype = options.dtype ?? null;
  if (dtype !== null && !isFloating(dtype)) {
    throw new WeftValueError(`cov: dtype must be a subclass of float or complex; got dtype=${dtype}`);
  }
  const operands = y === null ? promoteDTypesInexact("cov", x) : promoteDTypesInexact("cov", x, y);
  let rows = concatenate(
    operands.map((a) => variables(a, rowvar)),
    0,
  );
  if (dtype !== null) rows = convert(rows, dtype);
  const [m, n] = rows.shape;
  if (m === 0) return full(0, rows.dtype, [0, 0]);
  if (n === 0) return full(Number.NaN, rows.dtype, m === 1 ? [] : [m, m]);
  const ddof = options.ddof ?? ((options.bias ?? false) ? 0 : 1);
  let w: NdArray | null = null;
  if (fweights !== null) {
    w = weightVector("fweights", fweights, n);
    if (!isInteger(w.dtype)) throw new WeftTypeError("fweights must be integer.");
  }
  const analytic = aweights === null ? null : weightVector("aweights", aweights, n);
  if (analytic !== null) w = w === null ? analytic : multiply(w, analytic);
  if (w === null) {
    const centered = lax.sub(rows, broadcastTo(reduce.mean(rows, { axis: 1, keepdims: true }), rows.shape));
    return squeezed(lax.div(dot(centered, transpose(centered, [1, 0])), n - ddof));
  }
  const weights = convert(w, rows.dtype);
  const spread = broadcastTo(expandDims(weights, [0]), rows.shape);
  const total = reduce.sum(weights);
  const center = lax.div(reduce.sum(lax.mul(rows, spread), { axis: 1, keepdims: true }), total);
  const centered = lax.sub(rows, broadcastTo(center, rows.shape));
  const squares = analytic === null ? null : reduce.sum(multiply(weights, analytic));
  const lost = squares === null ? ddof : lax.mul(lax.div(squares, total), ddof);
  const divisor = ddof === 0 ? total : lax.sub(total, lost);
  return squeezed(lax.div(dot(centered, transpose(lax.mul(centered, spread), [1, 0])), divisor));
}

/** The matrix of one variable as a scalar. */
function squeezed(matrix: NdArray): NdArray {
  return matrix.size === 1 ? reshape(matrix, []) : matrix;
}

/** Correlation coefficients of variables (`jnp.corrcoef`). */
export function corrcoef(x: ArrayLike, options: Pick<CovOptions, "y" | "rowvar" | "dtype"> = {}): NdArray {
  const c = cov(x, options);
  if (c.ndim === 0) return lax.div(c, c);
  const deviations = lax.sqrt(diag(c));
  const rows = broadcastTo(expandDims(deviations, [1]), c.shape);
  const columns = broadcastTo(expandDims(deviations, [0]), c.shape);
  return lax.clamp(-1, lax.div(lax.div(c, rows), columns), 1);
}

/** Quantiles, averages, covariances, histograms (`jax.numpy` statistics). */
import { type ArrayLike, convert, full, NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxes, otherAxes } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { expandDims, reshape, transpose } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, numberAs } from "../lax/operands.ts";
import { sort } from "../lax/sorting.ts";
import { array } from "./array.ts";
import { eye } from "./creation.ts";
import { dot } from "./linalg.ts";
import { isnan, where } from "./logic.ts";
import { atleast2d } from "./movement.ts";
import { presentCount } from "./nan-reductions.ts";
import { inexact, promoteDTypesInexact } from "./promotion.ts";
import * as reduce from "./reductions.ts";
import { takeAlongAxis } from "./take.ts";
import { trueDivide } from "./ufuncs.ts";

/** How a quantile between two elements is found. */
export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest";

export interface QuantileOptions {
  /** Default: all axes. */
  readonly axis?: reduce.Axis;
  readonly keepdims?: boolean;
  /** Default "linear". */
  readonly method?: QuantileMethod;
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
          `method can only be 'linear', 'lower', 'higher', 'midpoint', or 'nearest', got ${String(method)}`,
        );
    }
  })();
  const front = transpose(values, [last, ...values.shape.slice(0, -1).map((_, i) => i)]);
  const rest = keepdims ? a.shape.map((m, i) => (axes.includes(i) ? 1 : m)) : front.shape.slice(1);
  return reshape(front, level.ndim === 0 ? rest : [level.size, ...rest]);
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

export interface AverageOptions extends reduce.AxisOptions {
  /** Of the shape of x, or a vector along the one axis. */
  readonly weights?: ArrayLike | null;
}

/** Mean with weights (`jnp.average`). */
export function average(x: ArrayLike, given: reduce.OptionsOrAxis<AverageOptions> = {}): NdArray {
  const options: AverageOptions = reduce.asOptions(given);
  const { weights = null, axis, keepdims } = options;
  if (weights === null) return reduce.mean(x, { axis, keepdims });
  const [a, w] = promoteDTypesInexact("average", x, weights);
  let spread = w;
  if (w.ndim !== a.ndim) {
    if (typeof axis !== "number" || w.ndim !== 1) {
      throw new WeftValueError(
        "1D weights expected when shapes of a and weights differ, with an axis to lie along.",
      );
    }
    const [at] = canonicalizeAxes(axis, a.ndim);
    if (w.size !== a.shape[at])
      throw new WeftValueError("Length of weights not compatible with specified axis.");
    spread = reshape(
      w,
      a.shape.map((n, i) => (i === at ? n : 1)),
    );
  }
  const everywhere = broadcastTo(spread, a.shape);
  const total = reduce.sum(lax.mul(a, everywhere), { axis, keepdims });
  return lax.div(total, reduce.sum(everywhere, { axis, keepdims }));
}

export interface CovOptions {
  /** Whether rows are the variables (default), or columns. */
  readonly rowvar?: boolean;
  /** Default 1. */
  readonly ddof?: number;
}

/** Covariance matrix of variables (`jnp.cov`). */
export function cov(x: ArrayLike, options: CovOptions = {}): NdArray {
  const given = atleast2d(inexact("cov", x));
  if (given.ndim > 2) throw new WeftValueError("m has more than 2 dimensions");
  const rows = (options.rowvar ?? true) || given.shape[0] === 1 ? given : transpose(given, [1, 0]);
  const n = rows.shape[1];
  const centered = lax.sub(rows, broadcastTo(reduce.mean(rows, { axis: 1, keepdims: true }), rows.shape));
  const product = lax.div(dot(centered, transpose(centered, [1, 0])), n - (options.ddof ?? 1));
  return rows.shape[0] === 1 ? reshape(product, []) : product;
}

/** Correlation coefficients of variables (`jnp.corrcoef`). */
export function corrcoef(x: ArrayLike, options: Pick<CovOptions, "rowvar"> = {}): NdArray {
  const c = cov(x, options);
  if (c.ndim === 0) return lax.div(c, c);
  const n = c.shape[0];
  const diagonal = reduce.sum(lax.mul(c, eye(n, n, { dtype: c.dtype })), { axis: 1 });
  const deviations = lax.sqrt(diagonal);
  const outer = lax.mul(
    broadcastTo(expandDims(deviations, [1]), [n, n]),
    broadcastTo(expandDims(deviations, [0]), [n, n]),
  );
  return lax.clamp(-1, lax.div(c, outer), 1);
}

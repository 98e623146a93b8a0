/** Least squares fits of polynomials (`jax.numpy`). */
import {
  type ArrayLike,
  asArray,
  convert,
  full,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { expandDims, reshape, transpose } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { reduceSum } from "../lax/reductions.ts";
import { finfo } from "./dtypes.ts";
import { vander } from "./grids.ts";
import { inv, lstsq } from "./linalg/index.ts";
import { matmul, outer } from "./linalg.ts";
import { atleast1d } from "./movement.ts";
import { promoteDTypesInexact, toArray } from "./promotion.ts";
import { multiply } from "./ufuncs.ts";

/** Options of `polyfit`. */
export interface PolyfitOptions {
  /** Singular values below this share of the greatest count as 0. Default: points times machine precision. */
  readonly rcond?: number | null;
  /** Weights of the points. */
  readonly w?: ArrayLike | null;
  /** Whether to give [coefficients, residuals, rank, singular values, rcond]. */
  readonly full?: boolean;
  /** Whether to give [coefficients, covariance]; "unscaled" without the variance of the residuals. */
  readonly cov?: boolean | "unscaled";
}

/** The polynomial of a degree that fits points best in the least squares sense (`jnp.polyfit`). */
export function polyfit(
  x: ArrayLike,
  y: ArrayLike,
  deg: number,
  options?: PolyfitOptions & { full?: false; cov?: false },
): NdArray;
export function polyfit(
  x: ArrayLike,
  y: ArrayLike,
  deg: number,
  options: PolyfitOptions,
): NdArray | NdArray[];
export function polyfit(
  x: ArrayLike,
  y: ArrayLike,
  deg: number,
  options: PolyfitOptions = {},
): NdArray | NdArray[] {
  const [points, given] = promoteDTypesInexact("polyfit", x, y);
  const { w = null, cov = false } = options;
  if (!Number.isInteger(deg) || deg < 0) throw new WeftValueError("expected deg >= 0");
  if (points.ndim !== 1) throw new WeftTypeError("expected 1D vector for x");
  if (points.size === 0) throw new WeftTypeError("expected non-empty vector for x");
  if (given.ndim < 1 || given.ndim > 2) throw new WeftTypeError("expected 1D or 2D array for y");
  if (points.size !== given.shape[0]) throw new WeftTypeError("expected x and y to have same length");
  const order = deg + 1;
  const n = points.size;
  let values = given;
  let powers = vander(points, order);
  if (w !== null) {
    const weights = convert(toArray("polyfit", w), points.dtype);
    if (weights.ndim !== 1) throw new WeftTypeError("expected a 1-d array for weights");
    if (weights.size !== n) throw new WeftTypeError("expected w and y to have the same length");
    const column = expandDims(weights, [1]);
    powers = multiply(powers, column);
    values = multiply(values, values.ndim === 2 ? column : weights);
  }
  const rcond = options.rcond ?? n * finfo(points).eps;
  // Columns of length 1 improve the condition.
  const scale = lax.sqrt(reduceSum(lax.square(powers), [0]));
  powers = lax.div(powers, broadcastTo(scale, powers.shape));
  const [scaled, residuals, rank, singular] = lstsq(powers, values, { rcond });
  const divisor = scaled.ndim === 2 ? broadcastTo(expandDims(scale, [1]), scaled.shape) : scale;
  const coefficients = lax.div(scaled, divisor);
  if (options.full ?? false) {
    return [coefficients, residuals, rank, singular, convert(asArray(rcond), points.dtype)];
  }
  if (cov === false) return coefficients;
  const base = lax.div(inv(matmul(transpose(powers, [1, 0]), powers)), outer(scale, scale));
  if (cov !== "unscaled" && n <= order) {
    throw new WeftValueError("the number of data points must exceed order to scale the covariance matrix");
  }
  const factor = cov === "unscaled" ? full(1, points.dtype) : lax.div(residuals, n - order);
  const spread = atleast1d(factor);
  return given.ndim === 1
    ? [coefficients, multiply(base, reshape(spread, [1, spread.size]))]
    : [coefficients, multiply(expandDims(base, [2]), reshape(spread, [1, 1, spread.size]))];
}

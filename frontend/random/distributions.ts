/** Continuous distributions (`jax.random`), from uniform numbers by the formulas of JAX. */

import { roundTo } from "../../compiler/kernel/constants.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, NdArray } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastShapes, constantLike } from "../lax/operands.ts";
import { finfo } from "../numpy/dtypes.ts";
import { norm } from "../numpy/norms.ts";
import { checkFloat, type FloatOptions, parameter, uniform } from "./bits.ts";
import type { KeyLike } from "./keys.ts";

type Size = number | Shape;

/** The shape given, or what the parameters broadcast to. */
function shapeOf(shape: Size | null, ...parameters: readonly ArrayLike[]): Shape {
  if (shape !== null) return canonicalizeShape(shape);
  return broadcastShapes(...parameters.map((p) => (p instanceof NdArray ? p.shape : [])));
}

/** Normal with mean 0 and variance 1: √2 · erfInv(u), u uniform on (−1, 1) (`jax.random.normal`). */
export function normal(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("normal", options.dtype ?? "float32");
  // The least number above −1: −1 itself would give −∞.
  const { epsneg } = finfo(dtype);
  const u = uniform(key, shape, { dtype, minval: -1 + epsneg, maxval: 1 });
  return lax.mul(lax.erfInv(u), Math.SQRT2);
}

/** Normal, cut off outside of (lower, upper) (`jax.random.truncated_normal`). */
export function truncatedNormal(
  key: KeyLike,
  lower: ArrayLike,
  upper: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("truncated_normal", options.dtype ?? "float32");
  const sizes = shapeOf(shape, lower, upper);
  const low = parameter("truncated_normal", lower, dtype, sizes);
  const high = parameter("truncated_normal", upper, dtype, sizes);
  const root = constantLike(low, roundTo(Math.SQRT2, dtype));
  const u = uniform(key, sizes, {
    dtype,
    minval: lax.erf(lax.div(low, root)),
    maxval: lax.erf(lax.div(high, root)),
  });
  const first = lax.nextafter(low, constantLike(low, Number.POSITIVE_INFINITY));
  const last = lax.nextafter(high, constantLike(high, Number.NEGATIVE_INFINITY));
  return lax.clamp(first, lax.mul(lax.erfInv(u), root), last);
}

/** Exponential with rate 1 (`jax.random.exponential`). */
export function exponential(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const u = uniform(key, shape, { dtype: checkFloat("exponential", options.dtype ?? "float32") });
  return lax.neg(lax.log1p(lax.neg(u)));
}

/** Gumbel: −log(−log u) (`jax.random.gumbel`). */
export function gumbel(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("gumbel", options.dtype ?? "float32");
  const u = uniform(key, shape, { dtype, minval: finfo(dtype).tiny, maxval: 1 });
  return lax.neg(lax.log(lax.neg(lax.log(u))));
}

/** Laplace (`jax.random.laplace`). */
export function laplace(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("laplace", options.dtype ?? "float32");
  const u = uniform(key, shape, { dtype, minval: -1 + finfo(dtype).epsneg, maxval: 1 });
  return lax.mul(lax.sign(u), lax.log1p(lax.neg(lax.abs(u))));
}

/** Logistic: log u − log(1 − u) (`jax.random.logistic`). */
export function logistic(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("logistic", options.dtype ?? "float32");
  const u = uniform(key, shape, { dtype, minval: finfo(dtype).tiny, maxval: 1 });
  return lax.sub(lax.log(u), lax.log1p(lax.neg(u)));
}

/** Cauchy (`jax.random.cauchy`). */
export function cauchy(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("cauchy", options.dtype ?? "float32");
  const u = uniform(key, shape, { dtype, minval: finfo(dtype).eps, maxval: 1 });
  return lax.tan(lax.mul(lax.sub(u, 0.5), Math.PI));
}

/** e^(σ · normal) (`jax.random.lognormal`). */
export function lognormal(
  key: KeyLike,
  sigma: ArrayLike = 1,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("lognormal", options.dtype ?? "float32");
  const sizes = shapeOf(shape, sigma);
  return lax.exp(lax.mul(normal(key, sizes, { dtype }), parameter("lognormal", sigma, dtype, sizes)));
}

/** Pareto with shape parameter b (`jax.random.pareto`). */
export function pareto(
  key: KeyLike,
  b: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("pareto", options.dtype ?? "float32");
  const sizes = shapeOf(shape, b);
  return lax.exp(lax.div(exponential(key, sizes, { dtype }), parameter("pareto", b, dtype, sizes)));
}

/** Rayleigh with scale parameter (`jax.random.rayleigh`). */
export function rayleigh(
  key: KeyLike,
  scale: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("rayleigh", options.dtype ?? "float32");
  const sizes = shapeOf(shape, scale);
  const u = uniform(key, sizes, { dtype });
  return lax.mul(parameter("rayleigh", scale, dtype, sizes), lax.sqrt(lax.mul(lax.log(u), -2)));
}

/** Weibull (`jax.random.weibull_min`). */
export function weibullMin(
  key: KeyLike,
  scale: ArrayLike,
  concentration: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("weibull_min", options.dtype ?? "float32");
  const sizes = shapeOf(shape, scale, concentration);
  const exponent = lax.reciprocal(parameter("weibull_min", concentration, dtype, sizes));
  const e = exponential(key, sizes, { dtype });
  return lax.mul(lax.pow(e, exponent), parameter("weibull_min", scale, dtype, sizes));
}

/** Maxwell: lengths of normal vectors of 3 (`jax.random.maxwell`). */
export function maxwell(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  return norm(normal(key, [...canonicalizeShape(shape), 3], options), { axis: -1 });
}

/** Triangular between left and right, with its top at mode (`jax.random.triangular`). */
export function triangular(
  key: KeyLike,
  left: ArrayLike,
  mode: ArrayLike,
  right: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("triangular", options.dtype ?? "float32");
  const sizes = shapeOf(shape, left, mode, right);
  const [a, c, b] = [left, mode, right].map((p) => parameter("triangular", p, dtype, sizes));
  const width = lax.sub(b, a);
  const u = uniform(key, sizes, { dtype });
  const rising = lax.add(a, lax.sqrt(lax.mul(lax.mul(u, width), lax.sub(c, a))));
  const falling = lax.sub(b, lax.sqrt(lax.mul(lax.mul(lax.sub(1, u), width), lax.sub(b, c))));
  return lax.select(lax.lt(u, lax.div(lax.sub(c, a), width)), rising, falling);
}

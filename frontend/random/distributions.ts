/** Continuous distributions other than the normal one (`jax.random`), from uniform numbers by the formulas of JAX. */

import type { Shape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, convert, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { finfo } from "../numpy/dtypes.ts";
import { norm } from "../numpy/norms.ts";
import { bits, checkFloat, type FloatOptions, parameter, uniform } from "./bits.ts";
import { type KeyLike, splitWords } from "./keys.ts";
import { normal, shapeOf } from "./normal.ts";

type Size = number | Shape;

/** Exponential with rate 1 (`jax.random.exponential`). */
export function exponential(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const u = uniform(key, shape, { dtype: checkFloat("exponential", options.dtype ?? "float32") });
  return lax.neg(lax.log1p(lax.neg(u)));
}

/**
 * How fine Gumbel numbers are: "low" from 23 random bits, which bounds them at 16.6 from above; "high" from twice as
 * many; "highest" from 64, in float32 only.
 */
export type GumbelMode = "low" | "high" | "highest";

/** Options of `gumbel`. */
export interface GumbelOptions extends FloatOptions {
  /** Default "low". */
  readonly mode?: GumbelMode | null;
}

/** −log(−log(x)), and −log(−log(1 − x)). */
const gumbelOf = (x: NdArray): NdArray => lax.neg(lax.log(lax.neg(lax.log(x))));
const gumbelOfRest = (x: NdArray): NdArray => lax.neg(lax.log(lax.neg(lax.log1p(lax.neg(x)))));

/** hi·2⁻³² + lo·2⁻⁶⁴ in float32, correct to the last bit near 0 too (`_safe_int_to_float` of jax.random). */
function fraction64(hi: NdArray, lo: NdArray): NdArray {
  const word = (x: number): NdArray => constantLike(hi, x);
  const [leadingHi, leadingLo] = [lax.clz(hi), lax.clz(lo)];
  const empty = lax.eq(leadingHi, 32);
  const lower = lax.select(
    empty,
    lax.shiftLeft(lo, leadingLo),
    lax.shiftRightLogical(lo, lax.sub(word(32), leadingHi)),
  );
  const shifted = lax.bitwiseOr(lax.shiftLeft(hi, leadingHi), lower);
  const mantissa = lax.bitwiseAnd(lax.shiftRightLogical(shifted, 8), 2 ** 23 - 1);
  const leading = lax.select(empty, lax.add(leadingLo, 32), leadingHi);
  const exponent = lax.bitwiseAnd(lax.shiftLeft(lax.sub(word(126), leading), 23), 2 ** 30 - 2 ** 22);
  return lax.bitcastConvertType(lax.bitwiseOr(exponent, mantissa), "float32");
}

/** Gumbel from 64 bits: the half of them nearer to 0 is computed from below, the other from above. */
function highestGumbel(key: KeyLike, shape: Shape): NdArray {
  const drawn = bits(key, [2, ...shape]);
  const [hi, lo] = [0, 1].map((i) => indexInDim(drawn, i, { keepdims: false }));
  const one = constantLike(hi, 1);
  const full = constantLike(lo, 2 ** 32 - 1);
  const negatedLo = lax.bitwiseNot(lo);
  const carry = lax.select(lax.eq(negatedLo, full), one, constantLike(hi, 0));
  const negated = [lax.add(lax.bitwiseNot(hi), carry), lax.add(negatedLo, one)];
  const lowerHalf = lax.lt(hi, 2 ** 31);
  const x = fraction64(lax.select(lowerHalf, hi, negated[0]), lax.select(lowerHalf, lo, negated[1]));
  return lax.select(lowerHalf, gumbelOfRest(x), gumbelOf(x));
}

/** Gumbel: −log(−log u) (`jax.random.gumbel`). */
export function gumbel(key: KeyLike, shape: Size = [], options: GumbelOptions = {}): NdArray {
  const dtype = checkFloat("gumbel", options.dtype ?? "float32");
  const mode = options.mode ?? "low";
  const sizes = canonicalizeShape(shape);
  const { tiny, nmant } = finfo(dtype);
  if (mode === "low") return gumbelOf(uniform(key, sizes, { dtype, minval: tiny, maxval: 1 }));
  if (mode !== "high" && mode !== "highest") {
    throw new WeftValueError(`Must provide valid mode for gumbel got: ${String(mode)}`);
  }
  if (mode === "highest" && dtype === "float32") return highestGumbel(key, sizes);
  const drawn = uniform(key, [2, ...sizes], { dtype });
  const [high, low] = [0, 1].map((i) => indexInDim(drawn, i, { keepdims: false }));
  const fine = lax.add(lax.add(high, lax.mul(low, 2 ** -nmant)), tiny);
  return gumbelOfRest(lax.select(lax.ge(high, 0.5), high, fine));
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

/** Maxwell's lengths with a random sign, times scale, plus loc (`jax.random.double_sided_maxwell`). */
export function doubleSidedMaxwell(
  key: KeyLike,
  loc: ArrayLike,
  scale: ArrayLike,
  shape: Size = [],
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("double_sided_maxwell", options.dtype ?? "float32");
  const parameters = shapeOf(null, loc, scale);
  const given = canonicalizeShape(shape);
  // As JAX: the parameters' shape comes behind the shape given, and twice where none is.
  const sizes = [...(given.length === 0 ? parameters : given), ...parameters];
  const keys = splitWords("double_sided_maxwell", key, [2]);
  const [lengths, signs] = [0, 1].map((i) => indexInDim(keys, i, { keepdims: false }));
  const sign = lax.sub(lax.mul(convert(lax.lt(uniform(signs, sizes), 0.5), dtype), 2), 1);
  const drawn = lax.mul(sign, maxwell(lengths, sizes, { dtype }));
  const [offset, factor] = [loc, scale].map((p) => parameter("double_sided_maxwell", p, dtype, sizes));
  return lax.add(lax.mul(drawn, factor), offset);
}

/** Wald, the inverse Gaussian distribution with scale 1 (`jax.random.wald`; Michael, Schucany & Haas 1976). */
export function wald(
  key: KeyLike,
  mean: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("wald", options.dtype ?? "float32");
  const sizes = shapeOf(shape, mean);
  const m = parameter("wald", mean, dtype, sizes);
  const keys = splitWords("wald", key, [2]);
  const [k1, k2] = [0, 1].map((i) => indexInDim(keys, i, { keepdims: false }));
  const v = normal(k1, sizes, { dtype });
  const z = uniform(k2, sizes, { dtype });
  const y = lax.integerPow(v, 2);
  const meanSquared = lax.integerPow(m, 2);
  const root = lax.sqrt(lax.add(lax.mul(lax.mul(m, 4), y), lax.mul(meanSquared, lax.integerPow(y, 2))));
  const x = lax.sub(lax.add(m, lax.div(lax.mul(meanSquared, y), 2)), lax.mul(lax.div(m, 2), root));
  return lax.select(lax.le(z, lax.div(m, lax.add(m, x))), x, lax.div(meanSquared, x));
}

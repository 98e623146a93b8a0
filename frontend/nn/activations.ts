/** Activations of `jax.nn`: elementwise, in floats. */
import { type ArrayLike, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { sliceInDim } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { where } from "../numpy/logic.ts";
import { inexact, promoteArgsInexact, toArray } from "../numpy/promotion.ts";
import { logaddexp, maximum, minimum } from "../numpy/ufuncs.ts";
import { customJvp } from "../transforms/custom-jvp.ts";

const rectify = customJvp(function relu(x: NdArray): NdArray {
  return maximum(x, 0);
});
// The derivative at 0 is 0, where that of maximum would be ½.
rectify.defJvp(([x], [g]) => [rectify(x), lax.select(lax.gt(x, 0), g, constantLike(g, 0))]);

/** max(x, 0), with derivative 0 at 0 (`jax.nn.relu`). */
export function relu(x: ArrayLike): NdArray {
  return rectify(toArray("relu", x));
}

const clip6 = customJvp(function relu6(x: NdArray): NdArray {
  return minimum(maximum(x, 0), 6);
});
clip6.defJvp(([x], [g]) => [
  clip6(x),
  lax.select(lax.bitwiseAnd(lax.gt(x, 0), lax.lt(x, 6)), g, constantLike(g, 0)),
]);

/** min(max(x, 0), 6), with derivative 0 at both ends (`jax.nn.relu6`). */
export function relu6(x: ArrayLike): NdArray {
  return clip6(inexact("relu6", x));
}

/** 1 / (1 + e⁻ˣ) (`jax.nn.sigmoid`). */
export const sigmoid = (x: ArrayLike): NdArray => lax.logistic(inexact("sigmoid", x));
/** log(1 + eˣ) (`jax.nn.softplus`). */
export const softplus = (x: ArrayLike): NdArray => logaddexp(x, 0);
/** 0 below −1, x above 1, a parabola between (`jax.nn.sparse_plus`). */
export function sparsePlus(x: ArrayLike): NdArray {
  const a = inexact("sparse_plus", x);
  const parabola = lax.mul(lax.square(lax.add(a, 1)), 0.25);
  return where(lax.le(a, -1), 0, where(lax.ge(a, 1), a, parabola));
}
/** 0 below −1, 1 above 1, (x + 1) / 2 between: the derivative of sparsePlus (`jax.nn.sparse_sigmoid`). */
export function sparseSigmoid(x: ArrayLike): NdArray {
  const a = inexact("sparse_sigmoid", x);
  return lax.mul(minimum(maximum(lax.add(a, 1), 0), 2), 0.5);
}

const logOneMinusExp = customJvp(function log1mexp(x: NdArray): NdArray {
  // Each branch where it is accurate (M. Mächler, "Accurately computing log(1 − exp(−|a|))", 2012).
  const near = lax.log(lax.neg(lax.expm1(lax.neg(x))));
  const far = lax.log1p(lax.neg(lax.exp(lax.neg(x))));
  return lax.select(lax.lt(x, Math.LN2), near, far);
});
logOneMinusExp.defJvp(([x], [g]) => [logOneMinusExp(x), lax.div(g, lax.expm1(x))]);

/** log(1 − e⁻ˣ) for positive x (`jax.nn.log1mexp`). */
export function log1mexp(x: ArrayLike): NdArray {
  return logOneMinusExp(inexact("log1mexp", x));
}
/** x / (1 + |x|) (`jax.nn.soft_sign`). */
export function softSign(x: ArrayLike): NdArray {
  const a = inexact("soft_sign", x);
  return lax.div(a, lax.add(lax.abs(a), 1));
}
/** x · sigmoid(x) (`jax.nn.silu`). */
export function silu(x: ArrayLike): NdArray {
  const a = inexact("silu", x);
  return lax.mul(a, lax.logistic(a));
}
/** x · sigmoid(x) (`jax.nn.swish`). */
export const swish = silu;
/** x · tanh(softplus(x)) (`jax.nn.mish`). */
export function mish(x: ArrayLike): NdArray {
  const a = inexact("mish", x);
  return lax.mul(a, lax.tanh(softplus(a)));
}
/** log(sigmoid(x)) (`jax.nn.log_sigmoid`). */
export const logSigmoid = (x: ArrayLike): NdArray => lax.neg(softplus(lax.neg(inexact("log_sigmoid", x))));
/** Hyperbolic tangent (`jax.nn.tanh`). */
export const tanh = (x: ArrayLike): NdArray => lax.tanh(inexact("tanh", x));
/** x (`jax.nn.identity`). */
export const identity = (x: ArrayLike): NdArray => toArray("identity", x);
/** (x + √(x² + b)) / 2 (`jax.nn.squareplus`). */
export const squareplus = (x: ArrayLike, b: ArrayLike = 4): NdArray => {
  const [a, c] = promoteArgsInexact("squareplus", x, b);
  return lax.mul(lax.add(a, lax.sqrt(lax.add(lax.square(a), c))), 0.5);
};

/** x above 0, alpha·(eˣ − 1) below (`jax.nn.elu`). */
export function elu(x: ArrayLike, alpha: ArrayLike = 1): NdArray {
  const [a, scale] = promoteArgsInexact("elu", x, alpha);
  const positive = lax.gt(a, 0);
  // Above 0 the exponential is not taken, and its infinity must not reach the gradient.
  const safe = lax.select(positive, constantLike(a, 0), a);
  return lax.select(positive, a, lax.mul(scale, lax.expm1(safe)));
}
/** max(x, 0) + min(0, alpha·(e^(x/alpha) − 1)) (`jax.nn.celu`). */
export function celu(x: ArrayLike, alpha: ArrayLike = 1): NdArray {
  const [a, scale] = promoteArgsInexact("celu", x, alpha);
  const positive = lax.gt(a, 0);
  const safe = lax.select(positive, constantLike(a, 0), a);
  return lax.select(positive, a, lax.mul(scale, lax.expm1(lax.div(safe, scale))));
}

/** The constants of self-normalising networks (Klambauer et al. 2017, as in jax.nn.selu). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
/** Scaled exponential linear unit (`jax.nn.selu`). */
export const selu = (x: ArrayLike): NdArray => lax.mul(elu(x, SELU_ALPHA), SELU_SCALE);

/** x above 0, negativeSlope·x below (`jax.nn.leaky_relu`). */
export function leakyRelu(x: ArrayLike, negativeSlope: ArrayLike = 0.01): NdArray {
  const [a, slope] = promoteArgsInexact("leaky_relu", x, negativeSlope);
  return lax.select(lax.ge(a, 0), a, lax.mul(slope, a));
}
/** x between −1 and 1 (`jax.nn.hard_tanh`). */
export function hardTanh(x: ArrayLike): NdArray {
  const a = toArray("hard_tanh", x);
  return where(lax.gt(a, 1), 1, where(lax.lt(a, -1), -1, a));
}
/** relu6(x + 3) / 6 (`jax.nn.hard_sigmoid`). */
export const hardSigmoid = (x: ArrayLike): NdArray =>
  lax.div(relu6(lax.add(inexact("hard_sigmoid", x), 3)), 6);
/** x · hardSigmoid(x) (`jax.nn.hard_silu`). */
export function hardSilu(x: ArrayLike): NdArray {
  const a = inexact("hard_silu", x);
  return lax.mul(a, hardSigmoid(a));
}
/** x · hardSigmoid(x) (`jax.nn.hard_swish`). */
export const hardSwish = hardSilu;

/** Options of `gelu`. */
export interface GeluOptions {
  /** Whether to use the tanh formula (default, as in JAX) or the exact one with erf. */
  readonly approximate?: boolean;
}

/** x · Φ(x) with the normal distribution function Φ (`jax.nn.gelu`; Hendrycks & Gimpel 2016). */
export function gelu(x: ArrayLike, options: GeluOptions = {}): NdArray {
  const a = inexact("gelu", x);
  if (options.approximate ?? true) {
    const inner = lax.mul(lax.add(a, lax.mul(lax.integerPow(a, 3), 0.044715)), Math.sqrt(2 / Math.PI));
    return lax.mul(a, lax.mul(lax.add(lax.tanh(inner), 1), 0.5));
  }
  return lax.mul(lax.mul(a, 0.5), lax.erfc(lax.mul(lax.neg(a), Math.SQRT1_2)));
}

/** The first half of an axis times the sigmoid of the second (`jax.nn.glu`). */
export function glu(x: ArrayLike, axis = -1): NdArray {
  const a = inexact("glu", x);
  const at = canonicalizeAxis(axis, a.ndim);
  const n = a.shape[at];
  if (n % 2 !== 0) throw new WeftValueError(`axis size must be divisible by 2, got ${n} for axis ${at}`);
  const [value, gate] = [sliceInDim(a, 0, n / 2, { axis: at }), sliceInDim(a, n / 2, n, { axis: at })];
  return lax.mul(value, lax.logistic(gate));
}

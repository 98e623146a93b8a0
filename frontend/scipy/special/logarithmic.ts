/** Logistic functions, x log y, entropies, Box–Cox transforms, and sums of exponentials. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import * as nn from "../../nn/functions.ts";
import { isnan, where } from "../../numpy/logic.ts";
import { inexact, promoteArgsInexact } from "../../numpy/promotion.ts";
import type { Axis } from "../../numpy/reductions.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";

const logitOfArray = customJvp((x: NdArray): NdArray => lax.log(x.div(lax.sub(1, x))));
logitOfArray.defJvp(([x], [dx]) => [logitOfArray(x), dx.div(x.mul(lax.sub(1, x)))]);

/** log(x / (1 − x)) (`jax.scipy.special.logit`). */
export function logit(x: ArrayLike): NdArray {
  return logitOfArray(inexact("logit", x));
}

/** 1 / (1 + e⁻ˣ) (`jax.scipy.special.expit`). */
export function expit(x: ArrayLike): NdArray {
  return lax.logistic(inexact("expit", x));
}

/** x · f, but 0 where x is 0 unless y is NaN. */
function timesUnlessZero(x: NdArray, f: NdArray, y: NdArray): NdArray {
  return where(x.notEqual(0).logicalOr(isnan(y)), x.mul(f), 0);
}

const xlogyOfArrays = customJvp((x: NdArray, y: NdArray): NdArray => timesUnlessZero(x, lax.log(y), y));
xlogyOfArrays.defJvp(([x, y], [dx, dy]) => [xlogyOfArrays(x, y), dx.mul(lax.log(y)).add(dy.mul(x).div(y))]);

/** x log y, 0 where x is 0 (`jax.scipy.special.xlogy`). */
export function xlogy(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("xlogy", x, y);
  return xlogyOfArrays(a, b);
}

const xlog1pyOfArrays = customJvp((x: NdArray, y: NdArray): NdArray => timesUnlessZero(x, lax.log1p(y), y));
xlog1pyOfArrays.defJvp(([x, y], [dx, dy]) => [
  xlog1pyOfArrays(x, y),
  dx.mul(lax.log1p(y)).add(dy.mul(x).div(y.add(1))),
]);

/** x log(1 + y), 0 where x is 0 (`jax.scipy.special.xlog1py`). */
export function xlog1py(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("xlog1py", x, y);
  return xlog1pyOfArrays(a, b);
}

const xlogx = customJvp((x: NdArray): NdArray => xlogy(x, x));
xlogx.defJvp(([x], [dx]) => [xlogx(x), dx.mul(lax.log(x).add(1))]);

/** −x log x, 0 at 0 and −∞ below (`jax.scipy.special.entr`). */
export function entr(x: ArrayLike): NdArray {
  const a = inexact("entr", x);
  return where(a.less(0), Number.NEGATIVE_INFINITY, lax.neg(xlogx(a)));
}

/** p log(p/q); 0 at p = 0 ≤ q, else ∞ where either is not positive (`jax.scipy.special.rel_entr`). */
export function relEntr(p: ArrayLike, q: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("rel_entr", p, q);
  const positive = a.greater(0).logicalAnd(b.greater(0));
  const atZero = a.equal(0).logicalAnd(b.greaterEqual(0));
  const [safeA, safeB] = [where(positive, a, 1), where(positive, b, 1)];
  const value = lax.sub(xlogx(safeA), xlogy(safeA, safeB));
  return where(positive, value, where(atZero, a.mul(0), Number.POSITIVE_INFINITY));
}

/** p log(p/q) − p + q (`jax.scipy.special.kl_div`). */
export function klDiv(p: ArrayLike, q: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("kl_div", p, q);
  return relEntr(a, b).sub(a).add(b);
}

function boxCox(log: NdArray, lambda: NdArray): NdArray {
  const atZero = lambda.equal(0);
  const safe = where(atZero, 1, lambda);
  return where(atZero, log, lax.expm1(safe.mul(log)).div(safe));
}

/** (x^λ − 1)/λ, log x at λ = 0 (`jax.scipy.special.boxcox`). */
export function boxcox(x: ArrayLike, lmbda: ArrayLike): NdArray {
  const [a, l] = promoteArgsInexact("boxcox", x, lmbda);
  return boxCox(lax.log(a), l);
}

/** ((1 + x)^λ − 1)/λ, log(1 + x) at λ = 0 (`jax.scipy.special.boxcox1p`). */
export function boxcox1p(x: ArrayLike, lmbda: ArrayLike): NdArray {
  const [a, l] = promoteArgsInexact("boxcox1p", x, lmbda);
  return boxCox(lax.log1p(a), l);
}

export { logsumexp } from "../../nn/functions.ts";

/** eˣ / Σ eˣ, over all axes unless told otherwise (`jax.scipy.special.softmax`). */
export function softmax(x: ArrayLike, options: { readonly axis?: Axis } = {}): NdArray {
  return nn.softmax(x, options.axis ?? null);
}

/** x − log Σ eˣ, over all axes unless told otherwise (`jax.scipy.special.log_softmax`). */
export function logSoftmax(x: ArrayLike, options: { readonly axis?: Axis } = {}): NdArray {
  return nn.logSoftmax(x, options.axis ?? null);
}

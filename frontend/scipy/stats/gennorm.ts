/** The generalised normal distribution of shape beta. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { igamma } from "../../lax/special.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { exponential } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.gennorm.logpdf`). */
export function logpdf(x: ArrayLike, beta: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("gennorm.logpdf", x, beta);
  return lax
    .log(b.mul(0.5))
    .sub(lax.lgamma(lax.reciprocal(b)))
    .sub(lax.pow(lax.abs(a), b));
}

/** The density (`jax.scipy.stats.gennorm.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.gennorm.cdf`). */
export function cdf(x: ArrayLike, beta: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("gennorm.cdf", x, beta);
  const half = igamma(lax.reciprocal(b), lax.pow(lax.abs(a), b));
  return lax.sign(a).mul(half).add(1).mul(0.5);
}

/** The Bernoulli distribution of probability p. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { xlog1py, xlogy } from "../special/logarithmic.ts";
import { counted1, exponential, isProbability } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.bernoulli.logpmf`). */
export const logpmf = counted1("bernoulli.logpmf", ({ y }, p) => {
  const value = xlogy(y, p).add(xlog1py(lax.sub(1, y), lax.neg(p)));
  return where(y.less(0).logicalOr(y.greater(1)), Number.NEGATIVE_INFINITY, value);
});

/** The probability of k (`jax.scipy.stats.bernoulli.pmf`). */
export const pmf = exponential(logpmf);

/** The distribution function (`jax.scipy.stats.bernoulli.cdf`). */
export function cdf(k: ArrayLike, p: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("bernoulli.cdf", k, p);
  const value = where(a.less(0), 0, where(a.less(1), lax.sub(1, b), 1));
  return where(isProbability(b).logicalAnd(a.equal(a)), value, Number.NaN);
}

/** The quantile function, inverse of cdf (`jax.scipy.stats.bernoulli.ppf`). */
export function ppf(q: ArrayLike, p: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("bernoulli.ppf", q, p);
  const value = where(a.lessEqual(lax.sub(1, b)), 0, 1);
  return where(isProbability(a).logicalAnd(isProbability(b)), value, Number.NaN).astype(a.dtype);
}

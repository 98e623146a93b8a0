/** The uniform distribution on [loc, loc + scale]. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, isProbability, located } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.uniform.logpdf`). */
export const logpdf = located("uniform.logpdf", ({ x, loc, scale }) => {
  const outside = x.greater(loc.add(scale)).logicalOr(x.less(loc));
  return where(outside, Number.NEGATIVE_INFINITY, lax.neg(lax.log(scale)));
});

/** The density (`jax.scipy.stats.uniform.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.uniform.cdf`). */
export const cdf = located("uniform.cdf", ({ x, loc, scale, y }) => {
  const above = x.greater(loc.add(scale));
  // 0 of NaN too, as in JAX.
  const within = x.greaterEqual(loc).logicalAnd(x.lessEqual(loc.add(scale)));
  return where(above, 1, where(within, y, 0));
});

/** The quantile function, inverse of cdf (`jax.scipy.stats.uniform.ppf`). */
export const ppf = located("uniform.ppf", ({ x, loc, scale }) =>
  where(isProbability(x), loc.add(scale.mul(x)), Number.NaN),
);

/** The beta distribution. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { betainc, betaln } from "../special/gamma.ts";
import { xlog1py, xlogy } from "../special/logarithmic.ts";
import { exponential, located2, logarithm } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.beta.logpdf`). */
export const logpdf = located2("beta.logpdf", ({ x, loc, scale, y }, a, b) => {
  const linear = xlogy(a.sub(1), y).add(xlog1py(b.sub(1), lax.neg(y)));
  const value = linear.sub(betaln(a, b)).sub(lax.log(scale));
  const outside = x.greater(loc.add(scale)).logicalOr(x.less(loc));
  const invalid = a.lessEqual(0).logicalOr(b.lessEqual(0)).logicalOr(scale.lessEqual(0));
  return where(invalid, Number.NaN, where(outside, Number.NEGATIVE_INFINITY, value));
});

/** The density (`jax.scipy.stats.beta.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.beta.cdf`). */
export const cdf = located2("beta.cdf", ({ y }, a, b) => betainc(a, b, lax.clamp(0, y, 1)));

/** Logarithm of the distribution function (`jax.scipy.stats.beta.logcdf`). */
export const logcdf = logarithm(cdf);

/** The survival function 1 − cdf (`jax.scipy.stats.beta.sf`). */
export const sf = located2("beta.sf", ({ y }, a, b) => betainc(b, a, lax.sub(1, lax.clamp(0, y, 1))));

/** Logarithm of the survival function (`jax.scipy.stats.beta.logsf`). */
export const logsf = logarithm(sf);

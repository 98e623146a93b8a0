/** The logistic distribution. */
import * as lax from "../../lax/elementwise.ts";
import { logaddexp } from "../../numpy/ufuncs.ts";
import { expit, logit } from "../special/logarithmic.ts";
import { exponential, located } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.logistic.logpdf`). */
export const logpdf = located("logistic.logpdf", ({ y, scale }) => {
  const half = y.div(2);
  return logaddexp(half, lax.neg(half)).mul(-2).sub(lax.log(scale));
});

/** The density (`jax.scipy.stats.logistic.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.logistic.cdf`). */
export const cdf = located("logistic.cdf", ({ y }) => expit(y));

/** The survival function 1 − cdf (`jax.scipy.stats.logistic.sf`). */
export const sf = located("logistic.sf", ({ y }) => expit(lax.neg(y)));

/** The quantile function, inverse of cdf (`jax.scipy.stats.logistic.ppf`). */
export const ppf = located("logistic.ppf", ({ x, loc, scale }) => logit(x).mul(scale).add(loc));

/** The inverse of the survival function (`jax.scipy.stats.logistic.isf`). */
export const isf = located("logistic.isf", ({ x, loc, scale }) => lax.neg(logit(x)).mul(scale).add(loc));

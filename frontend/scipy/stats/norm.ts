/** The normal distribution. */
import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { logNdtr, ndtr, ndtri } from "../special/error-function.ts";
import { exponential, located, type Point } from "./parameters.ts";

/** In units of scale from the mean, in the dtypes that ndtr takes. */
function standard({ y }: Point): NdArray {
  return y.dtype === "float16" ? y.astype("float32") : y;
}

/** Logarithm of the density (`jax.scipy.stats.norm.logpdf`). */
export const logpdf = located("norm.logpdf", ({ x, loc, scale }) => {
  const variance = lax.square(scale);
  const normalizer = lax.log(variance.mul(2 * Math.PI));
  return normalizer.add(lax.square(x.sub(loc)).div(variance)).div(-2);
});

/** The density (`jax.scipy.stats.norm.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.norm.cdf`). */
export const cdf = located("norm.cdf", (p) => ndtr(standard(p)));

/** Logarithm of the distribution function (`jax.scipy.stats.norm.logcdf`). */
export const logcdf = located("norm.logcdf", (p) => logNdtr(standard(p)));

/** The survival function 1 − cdf (`jax.scipy.stats.norm.sf`). */
export const sf = located("norm.sf", (p) => ndtr(lax.neg(standard(p))));

/** Logarithm of the survival function (`jax.scipy.stats.norm.logsf`). */
export const logsf = located("norm.logsf", (p) => logNdtr(lax.neg(standard(p))));

/** The quantile function, inverse of cdf (`jax.scipy.stats.norm.ppf`). */
export const ppf = located("norm.ppf", ({ x, loc, scale }) => ndtri(x).mul(scale).add(loc));

/** The inverse of the survival function (`jax.scipy.stats.norm.isf`). */
export const isf = located("norm.isf", ({ x, loc, scale }) => ndtri(lax.sub(1, x)).mul(scale).add(loc));

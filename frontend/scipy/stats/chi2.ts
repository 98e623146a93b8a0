/** The chi-squared distribution of df degrees of freedom. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { gammainc, gammaincc } from "../special/gamma.ts";
import { exponential, located1, logarithm } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.chi2.logpdf`). */
export const logpdf = located1("chi2.logpdf", ({ x, loc, scale, y }, df) => {
  const half = df.div(2);
  const kernel = half.sub(1).mul(lax.log(y)).sub(y.div(2));
  const normalizer = lax.lgamma(half).add(df.mul(Math.LN2 / 2));
  return where(x.less(loc), Number.NEGATIVE_INFINITY, kernel.sub(normalizer.add(lax.log(scale))));
});

/** The density (`jax.scipy.stats.chi2.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.chi2.cdf`). */
export const cdf = located1("chi2.cdf", ({ y }, df) => gammainc(df.div(2), lax.max(y.div(2), 0)));

/** Logarithm of the distribution function (`jax.scipy.stats.chi2.logcdf`). */
export const logcdf = logarithm(cdf);

/** The survival function 1 − cdf (`jax.scipy.stats.chi2.sf`). */
export const sf = located1("chi2.sf", ({ y }, df) => gammaincc(df.div(2), lax.max(y.div(2), 0)));

/** Logarithm of the survival function (`jax.scipy.stats.chi2.logsf`). */
export const logsf = logarithm(sf);

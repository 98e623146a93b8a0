/** The gamma distribution of shape a. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { gammainc, gammaincc, gammaln } from "../special/gamma.ts";
import { xlogy } from "../special/logarithmic.ts";
import { exponential, located1, logarithm } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.gamma.logpdf`). */
export const logpdf = located1("gamma.logpdf", ({ x, loc, scale, y }, a) => {
  const inside = x.greaterEqual(loc);
  const safe = where(inside, y, 1);
  const value = xlogy(a.sub(1), safe)
    .sub(safe)
    .sub(gammaln(a).add(lax.log(scale)));
  return where(inside, value, Number.NEGATIVE_INFINITY);
});

/** The density (`jax.scipy.stats.gamma.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.gamma.cdf`). */
export const cdf = located1("gamma.cdf", ({ y }, a) => gammainc(a, lax.max(y, 0)));

/** Logarithm of the distribution function (`jax.scipy.stats.gamma.logcdf`). */
export const logcdf = logarithm(cdf);

/** The survival function 1 − cdf (`jax.scipy.stats.gamma.sf`). */
export const sf = located1("gamma.sf", ({ y }, a) => where(y.less(0), 1, gammaincc(a, y)));

/** Logarithm of the survival function (`jax.scipy.stats.gamma.logsf`). */
export const logsf = logarithm(sf);

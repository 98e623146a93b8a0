/** The exponential distribution. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, isProbability, located } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.expon.logpdf`). */
export const logpdf = located("expon.logpdf", ({ x, loc, scale, y }) =>
  where(x.less(loc), Number.NEGATIVE_INFINITY, lax.neg(y.add(lax.log(scale)))),
);

/** The density (`jax.scipy.stats.expon.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.expon.cdf`). */
export const cdf = located("expon.cdf", ({ x, loc, y }) =>
  where(x.less(loc), 0, lax.neg(lax.expm1(lax.neg(y)))),
);

/** Logarithm of the survival function (`jax.scipy.stats.expon.logsf`). */
export const logsf = located("expon.logsf", ({ x, loc, y }) => where(x.less(loc), 0, lax.neg(y)));

/** The survival function 1 − cdf (`jax.scipy.stats.expon.sf`). */
export const sf = exponential(logsf);

/** Logarithm of the distribution function (`jax.scipy.stats.expon.logcdf`). */
export const logcdf = (...args: Parameters<typeof sf>) => lax.log1p(lax.neg(sf(...args)));

/** The quantile function, inverse of cdf (`jax.scipy.stats.expon.ppf`). */
export const ppf = located("expon.ppf", ({ x, loc, scale }) =>
  where(isProbability(x), loc.sub(scale.mul(lax.log1p(lax.neg(x)))), Number.NaN),
);

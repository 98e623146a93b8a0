/** The Cauchy distribution. */
import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { arctan } from "../../numpy/ufuncs.ts";
import { exponential, located, logarithm } from "./parameters.ts";

const half = (y: NdArray): NdArray =>
  arctan(y)
    .mul(1 / Math.PI)
    .add(0.5);

/** Logarithm of the density (`jax.scipy.stats.cauchy.logpdf`). */
export const logpdf = located("cauchy.logpdf", ({ y, scale }) =>
  lax.neg(lax.log(scale.mul(Math.PI)).add(lax.log1p(y.mul(y)))),
);

/** The density (`jax.scipy.stats.cauchy.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.cauchy.cdf`). */
export const cdf = located("cauchy.cdf", ({ y }) => half(y));

/** Logarithm of the distribution function (`jax.scipy.stats.cauchy.logcdf`). */
export const logcdf = logarithm(cdf);

/** The survival function 1 − cdf (`jax.scipy.stats.cauchy.sf`). */
export const sf = located("cauchy.sf", ({ y }) => half(lax.neg(y)));

/** Logarithm of the survival function (`jax.scipy.stats.cauchy.logsf`). */
export const logsf = logarithm(sf);

/** The quantile function, inverse of cdf (`jax.scipy.stats.cauchy.ppf`). */
export const ppf = located("cauchy.ppf", ({ x, loc, scale }) =>
  lax
    .tan(x.mul(Math.PI).sub(Math.PI / 2))
    .mul(scale)
    .add(loc),
);

/** The inverse of the survival function (`jax.scipy.stats.cauchy.isf`). */
export const isf = located("cauchy.isf", ({ x, loc, scale }) =>
  lax
    .tan(lax.sub(Math.PI / 2, x.mul(Math.PI)))
    .mul(scale)
    .add(loc),
);

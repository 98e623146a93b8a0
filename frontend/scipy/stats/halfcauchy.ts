/** The half-Cauchy distribution: of |x|, x Cauchy. JAX has none; as `scipy.stats.halfcauchy`. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { arctan } from "../../numpy/ufuncs.ts";
import { exponential, located, logarithm } from "./parameters.ts";

/** Logarithm of the density (`scipy.stats.halfcauchy.logpdf`). */
export const logpdf = located("halfcauchy.logpdf", ({ x, loc, scale, y }) => {
  const value = lax.sub(Math.log(2 / Math.PI), lax.log1p(y.mul(y))).sub(lax.log(scale));
  return where(x.less(loc), Number.NEGATIVE_INFINITY, value);
});

/** The density (`scipy.stats.halfcauchy.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`scipy.stats.halfcauchy.cdf`). */
export const cdf = located("halfcauchy.cdf", ({ x, loc, y }) =>
  where(x.less(loc), 0, arctan(y).mul(2 / Math.PI)),
);

/** Logarithm of the distribution function (`scipy.stats.halfcauchy.logcdf`). */
export const logcdf = logarithm(cdf);

/** The survival function 1 − cdf (`scipy.stats.halfcauchy.sf`). */
export const sf = located("halfcauchy.sf", ({ x, loc, y }) =>
  where(x.less(loc), 1, arctan(lax.reciprocal(y)).mul(2 / Math.PI)),
);

/** Logarithm of the survival function (`scipy.stats.halfcauchy.logsf`). */
export const logsf = logarithm(sf);

/** The quantile function, inverse of cdf (`scipy.stats.halfcauchy.ppf`). */
export const ppf = located("halfcauchy.ppf", ({ x, loc, scale }) =>
  lax
    .tan(x.mul(Math.PI / 2))
    .mul(scale)
    .add(loc),
);

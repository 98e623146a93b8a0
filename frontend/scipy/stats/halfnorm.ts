/** The half-normal distribution: of |x|, x normal. JAX has none; as `scipy.stats.halfnorm`. */
import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { logNdtr, ndtr, ndtri } from "../special/error-function.ts";
import { exponential, located } from "./parameters.ts";

const single = (y: NdArray): NdArray => (y.dtype === "float16" ? y.astype("float32") : y);

/** Logarithm of the density (`scipy.stats.halfnorm.logpdf`). */
export const logpdf = located("halfnorm.logpdf", ({ x, loc, scale, y }) => {
  const value = lax
    .square(y)
    .mul(-0.5)
    .add(0.5 * Math.log(2 / Math.PI))
    .sub(lax.log(scale));
  return where(x.less(loc), Number.NEGATIVE_INFINITY, value);
});

/** The density (`scipy.stats.halfnorm.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`scipy.stats.halfnorm.cdf`). */
export const cdf = located("halfnorm.cdf", ({ x, loc, y }) =>
  where(x.less(loc), 0, lax.erf(y.mul(Math.SQRT1_2))),
);

/** Logarithm of the distribution function (`scipy.stats.halfnorm.logcdf`). */
export const logcdf = located("halfnorm.logcdf", ({ x, loc, y }) =>
  lax.log(where(x.less(loc), 0, lax.erf(y.mul(Math.SQRT1_2)))),
);

/** The survival function 1 − cdf (`scipy.stats.halfnorm.sf`). */
export const sf = located("halfnorm.sf", ({ x, loc, y }) =>
  where(x.less(loc), 1, ndtr(lax.neg(single(y))).mul(2)),
);

/** Logarithm of the survival function (`scipy.stats.halfnorm.logsf`). */
export const logsf = located("halfnorm.logsf", ({ x, loc, y }) =>
  where(x.less(loc), 0, logNdtr(lax.neg(single(y))).add(Math.LN2)),
);

/** The quantile function, inverse of cdf (`scipy.stats.halfnorm.ppf`). */
export const ppf = located("halfnorm.ppf", ({ x, loc, scale }) =>
  ndtri(single(x).add(1).mul(0.5)).mul(scale).add(loc),
);

/** The left-skewed Gumbel distribution. */

import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, located, type Point } from "./parameters.ts";

const valid = ({ scale }: Point, value: NdArray): NdArray => where(scale.greater(0), value, Number.NaN);

/** Logarithm of the density (`jax.scipy.stats.gumbel_l.logpdf`). */
export const logpdf = located("gumbel_l.logpdf", (p) =>
  valid(p, p.y.sub(lax.exp(p.y)).sub(lax.log(p.scale))),
);

/** The density (`jax.scipy.stats.gumbel_l.pdf`). */
export const pdf = exponential(logpdf);

/** Logarithm of the distribution function (`jax.scipy.stats.gumbel_l.logcdf`). */
export const logcdf = located("gumbel_l.logcdf", (p) =>
  valid(p, lax.log(lax.neg(lax.expm1(lax.neg(lax.exp(p.y)))))),
);

/** The distribution function (`jax.scipy.stats.gumbel_l.cdf`). */
export const cdf = exponential(logcdf);

/** Logarithm of the survival function (`jax.scipy.stats.gumbel_l.logsf`). */
export const logsf = located("gumbel_l.logsf", (p) => valid(p, lax.neg(lax.exp(p.y))));

/** The survival function 1 − cdf (`jax.scipy.stats.gumbel_l.sf`). */
export const sf = exponential(logsf);

/** The quantile function, inverse of cdf (`jax.scipy.stats.gumbel_l.ppf`). */
export const ppf = located("gumbel_l.ppf", ({ x, loc, scale }) => {
  const inside = x.greater(0).logicalAnd(x.less(1));
  return where(inside, scale.mul(lax.log(lax.neg(lax.log1p(lax.neg(x))))).add(loc), Number.NaN);
});

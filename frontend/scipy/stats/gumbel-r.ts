/** The right-skewed Gumbel distribution. */

import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, located, type Point } from "./parameters.ts";

const valid = ({ scale }: Point, value: NdArray): NdArray => where(scale.greater(0), value, Number.NaN);
const decay = ({ y }: Point): NdArray => lax.exp(lax.neg(y));

/** Logarithm of the density (`jax.scipy.stats.gumbel_r.logpdf`). */
export const logpdf = located("gumbel_r.logpdf", (p) =>
  valid(p, lax.neg(p.y.add(decay(p))).sub(lax.log(p.scale))),
);

/** The density (`jax.scipy.stats.gumbel_r.pdf`). */
export const pdf = exponential(logpdf);

/** Logarithm of the distribution function (`jax.scipy.stats.gumbel_r.logcdf`). */
export const logcdf = located("gumbel_r.logcdf", (p) => valid(p, lax.neg(decay(p))));

/** The distribution function (`jax.scipy.stats.gumbel_r.cdf`). */
export const cdf = exponential(logcdf);

/** The survival function 1 − cdf (`jax.scipy.stats.gumbel_r.sf`). */
export const sf = located("gumbel_r.sf", (p) => valid(p, lax.neg(lax.expm1(lax.neg(decay(p))))));

/** Logarithm of the survival function (`jax.scipy.stats.gumbel_r.logsf`). */
export const logsf = located("gumbel_r.logsf", (p) => {
  // log(1 - e^-t): the form whose difference does not cancel.
  const t = decay(p);
  const small = lax.log(lax.neg(lax.expm1(lax.neg(t))));
  return valid(p, where(t.less(Math.LN2), small, lax.log1p(lax.neg(lax.exp(lax.neg(t))))));
});

/** The quantile function, inverse of cdf (`jax.scipy.stats.gumbel_r.ppf`). */
export const ppf = located("gumbel_r.ppf", ({ x, loc, scale }) => {
  const inside = x.greater(0).logicalAnd(x.less(1));
  return where(inside, loc.sub(scale.mul(lax.log(lax.neg(lax.log(x))))), Number.NaN);
});

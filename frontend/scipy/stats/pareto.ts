/** The Pareto distribution of shape b. */

import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, isProbability, located1, type Point } from "./parameters.ts";

const below = ({ x, loc, scale }: Point): NdArray => x.less(loc.add(scale));

/** Logarithm of the density (`jax.scipy.stats.pareto.logpdf`). */
export const logpdf = located1("pareto.logpdf", (p, b) => {
  const value = lax.neg(lax.log(p.scale.div(b)).add(b.add(1).mul(lax.log(p.y))));
  return where(below(p), Number.NEGATIVE_INFINITY, value);
});

/** The density (`jax.scipy.stats.pareto.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.pareto.cdf`). */
export const cdf = located1("pareto.cdf", (p, b) => where(below(p), 0, lax.sub(1, lax.pow(p.y, lax.neg(b)))));

/** Logarithm of the distribution function (`jax.scipy.stats.pareto.logcdf`). */
export const logcdf = located1("pareto.logcdf", (p, b) =>
  where(below(p), Number.NEGATIVE_INFINITY, lax.log1p(lax.neg(lax.pow(p.y, lax.neg(b))))),
);

/** Logarithm of the survival function (`jax.scipy.stats.pareto.logsf`). */
export const logsf = located1("pareto.logsf", (p, b) => where(below(p), 0, lax.neg(b.mul(lax.log(p.y)))));

/** The survival function 1 − cdf (`jax.scipy.stats.pareto.sf`). */
export const sf = exponential(logsf);

/** The quantile function, inverse of cdf (`jax.scipy.stats.pareto.ppf`). */
export const ppf = located1("pareto.ppf", ({ x, loc, scale }, b) => {
  const value = loc.add(scale.mul(lax.pow(lax.sub(1, x), lax.neg(lax.reciprocal(b)))));
  return where(isProbability(x), value, Number.NaN);
});

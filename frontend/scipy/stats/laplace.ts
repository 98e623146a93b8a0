/** The Laplace distribution. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { exponential, located } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.laplace.logpdf`). */
export const logpdf = located("laplace.logpdf", ({ y, scale }) =>
  lax.neg(lax.abs(y).add(lax.log(scale.mul(2)))),
);

/** The density (`jax.scipy.stats.laplace.pdf`). */
export const pdf = exponential(logpdf);

/** The distribution function (`jax.scipy.stats.laplace.cdf`). */
export const cdf = located("laplace.cdf", ({ y }) =>
  where(y.lessEqual(0), lax.exp(y).mul(0.5), lax.sub(1, lax.exp(lax.neg(y)).mul(0.5))),
);
